/** The JSON Schema of `sluice.yml` for editors, from the schema that parses it. */
import { z } from 'zod';
import { planFile } from './file-schema.ts';

/** Where each Sluice publishes it. The path stays; a format that is not compatible gets a `v2.json` beside it. */
export const PLAN_SCHEMA_PATH = '/schemas/sluice.yml/v1.json';

/**
 * Draft 7: what the YAML extensions of editors know best.
 *
 * @param base address of the Sluice that publishes it; without one `$id` is relative to where the file was found
 */
export function planJsonSchema(base = ''): Record<string, unknown> {
  return {
    $id: `${base.replace(/\/$/, '')}${PLAN_SCHEMA_PATH}`,
    ...z.toJSONSchema(planFile, { io: 'input', target: 'draft-7' }),
    title: 'sluice.yml',
    description: 'How a repository wants to be released by Sluice.',
  };
}
