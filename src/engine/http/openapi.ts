/**
 * The engine's OpenAPI document: made of the same operations that the router has, with the schemas that validate, so
 * that it cannot say what is not so.
 */
import { z } from 'zod';
import type { Operation } from './operation.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: object;
}

const TEXT = { type: 'string' };
const ERROR = { $ref: '#/components/responses/Error' };
const INVOKE: Operation = {
  name: 'InvokeFunction',
  method: 'POST',
  path: '/services/{service}/functions/{function}/invocations',
  run: () => ({ kind: 'nothing' }),
};
const INVOKE_RESPONSES = {
  200: {
    description: 'What the function answered, or its error document',
    content: { 'application/octet-stream': {}, 'application/json': {} },
  },
  202: { description: 'Stored, to be called' },
};
const INVOKE_HEADERS = [
  'X-Fc-Invocation-Type',
  'X-Fc-Log-Type',
  'X-Fc-Stateful-Async-Invocation-Id',
  'X-Fc-Async-Delay',
];

/** The document, ready to be sent. */
export function openApiDocument(operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of [...operations, INVOKE]) {
    const path = `/2016-08-15${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Function Compute on this machine',
      version: '2016-08-15',
      description:
        'Signed by `Authorization: FC {accessKeyId}:{signature}`. `{service}` may be `{service}.{qualifier}` where something is read or called. null is the same as absent.',
    },
    paths,
    components: {
      securitySchemes: { signature: { type: 'apiKey', in: 'header', name: 'Authorization' } },
      responses: {
        Error: {
          description: 'Refused or failed; the codes are those of Function Compute.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['ErrorCode', 'ErrorMessage'],
                properties: { ErrorCode: TEXT, ErrorMessage: TEXT },
              },
            },
          },
        },
      },
    },
    security: [{ signature: [] }],
  };
}

function describe(operation: Operation): object {
  const { name, path, query = [], input, conditional } = operation;
  const isInvocation = operation === INVOKE;
  const parameters: Parameter[] = [...path.matchAll(/\{(\w+)\}/g)].map(([, segment = '']) => ({
    name: segment,
    in: 'path',
    required: true,
    schema: TEXT,
  }));
  for (const key of query) parameters.push({ name: key, in: 'query', required: false, schema: TEXT });
  const headers = isInvocation ? INVOKE_HEADERS : conditional ? ['If-Match'] : [];
  for (const header of headers)
    parameters.push({ name: header, in: 'header', required: false, schema: TEXT });
  const content = isInvocation
    ? { 'application/octet-stream': {} }
    : input && { 'application/json': { schema: jsonSchema(input, 'input') } };
  return {
    operationId: name,
    parameters,
    ...(content && { requestBody: { content } }),
    ...(operation.signed === false && { security: [] }),
    responses: {
      ...(isInvocation ? INVOKE_RESPONSES : successOf(operation)),
      default: ERROR,
    },
  };
}

function successOf(operation: Operation): object {
  const { output, download, refused } = operation;
  if (refused) return {};
  if (output)
    return {
      200: {
        description: 'Done',
        content: { 'application/json': { schema: jsonSchema(output, 'output') } },
      },
    };
  if (download !== undefined) return { 200: { description: 'The file', content: { [download]: {} } } };
  if ('upgrade' in operation) return { 101: { description: 'A WebSocket begins' } };
  return { 204: { description: 'Done, with nothing to say' } };
}

/** Refinements have no JSON Schema; what they check is told by the error. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}
