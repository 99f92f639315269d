/** The JSON Schema of `sluice.yml` for editors, from the schema that parses it. */
import { z } from 'zod';
import { planFile } from './file-schema.ts';

/** Draft 7: what the YAML extensions of editors know best. */
export function planJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(planFile, { io: 'input', target: 'draft-7' }),
    title: 'sluice.yml',
    description: 'How a repository wants to be released by Sluice.',
  };
}
