/** Which of a domain's routes a request takes: the exact path first, then the longest wildcard (fc-api.md §3.2). */

export interface DomainRoute {
  /** An exact path, or a prefix that ends with `/*`. */
  readonly path: string;
  readonly serviceName: string;
  readonly functionName: string;
  readonly qualifier: string;
  /** Empty: all. */
  readonly methods: readonly string[];
}

/** Finds the route, or `undefined`. `path` is percent-encoded, without query. */
export type DomainRouter = (method: string, path: string) => DomainRoute | undefined;

export function createDomainRouter(routes: readonly DomainRoute[]): DomainRouter {
  const exact = routes.filter(({ path }) => !path.endsWith('*'));
  const wildcards = routes
    .filter(({ path }) => path.endsWith('*'))
    .map((route) => ({ route, prefix: route.path.slice(0, -1) }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (method, path) => {
    const takes = ({ methods }: DomainRoute): boolean => methods.length === 0 || methods.includes(method);
    for (const route of exact) if (route.path === path && takes(route)) return route;
    for (const { route, prefix } of wildcards) if (path.startsWith(prefix) && takes(route)) return route;
    return undefined;
  };
}
