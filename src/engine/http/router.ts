/** Finds the operation for a method and path. Paths differ in their fixed segments only, so the order never matters. */
import { ApiError, invalidArgument, pathNotSupported } from './api-error.ts';
import type { Operation } from './operation.ts';

export interface Route {
  readonly operation: Operation;
  readonly params: ReadonlyMap<string, string>;
}

/** Gives the route, or throws `PathNotSupported`. `path` is percent-encoded and starts after `/2016-08-15`. */
export type Router = (method: string, path: string) => Route;

export function createRouter(operations: readonly Operation[]): Router {
  const byShape = new Map<string, { operation: Operation; template: readonly string[] }[]>();
  for (const operation of operations) {
    const template = operation.path.slice(1).split('/');
    const shape = `${operation.method} ${template.length}`;
    byShape.set(shape, [...(byShape.get(shape) ?? []), { operation, template }]);
  }
  return (method, path) => {
    const segments = path.slice(1).split('/');
    for (const { operation, template } of byShape.get(`${method} ${segments.length}`) ?? []) {
      const params = match(template, segments);
      if (params) return { operation, params };
    }
    throw pathNotSupported(method, path);
  };
}

function match(template: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  const params = new Map<string, string>();
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined;
    } else if (segment === '') return undefined;
    else params.set(part.slice(1, -1), decodeSegment(segment));
  }
  return params;
}

/** A path segment without percent-encoding; throws `InvalidArgument` where that cannot be undone. */
export function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    const decoded = decodeURIComponent(segment);
    // PostgreSQL's text has no zero character, and no name has one.
    if (!decoded.includes('\0')) return decoded;
    throw invalidArgument(`the path segment '${segment}' has a zero character`);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw invalidArgument(`the path segment '${segment}' is not valid percent-encoding`);
  }
}
