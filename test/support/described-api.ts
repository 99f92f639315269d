/** The operations as the engine's own `/openapi.json` describes them, so that a test can say that it left none out. */
import { z } from 'zod';
import { send } from './engine-process.ts';

const Media = z.record(z.string(), z.object({ schema: z.looseObject({}).optional() }));
const Responses = z.record(z.string(), z.object({ content: Media.optional() }).loose());
const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        parameters: z.array(z.object({ name: z.string(), in: z.string() })),
        requestBody: z.object({ content: Media }).optional(),
        security: z.array(z.unknown()).optional(),
        responses: Responses,
      }),
    ),
  ),
});

export interface DescribedOperation {
  readonly name: string;
  readonly method: string;
  /** With `{parameter}` segments. */
  readonly path: string;
  /** JSON Schema of the body; `undefined`: it takes no JSON. */
  readonly input: unknown;
  readonly takesIfMatch: boolean;
  readonly isSigned: boolean;
  readonly responses: z.infer<typeof Responses>;
}

/** By name. */
export async function describedApi(engine: {
  readonly port: number;
}): Promise<ReadonlyMap<string, DescribedOperation>> {
  const { paths } = Document.parse((await send(engine, { path: '/openapi.json', isSigned: false })).json());
  const found = new Map<string, DescribedOperation>();
  for (const [path, methods] of Object.entries(paths))
    for (const [
      method,
      { operationId: name, parameters, requestBody, security, responses },
    ] of Object.entries(methods))
      found.set(name, {
        name,
        method: method.toUpperCase(),
        path,
        input: requestBody?.content['application/json']?.schema,
        takesIfMatch: parameters.some((parameter) => parameter.name === 'If-Match'),
        isSigned: security === undefined,
        responses,
      });
  return found;
}

/** The path of an operation with its parameters filled in, percent-encoded. */
export function pathOf(
  { path }: Pick<DescribedOperation, 'path'>,
  of: Readonly<Record<string, string>>,
): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(of[name] ?? ''));
}
