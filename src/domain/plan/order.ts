/**
 * The order in which the services of a release get traffic: what another one needs comes first, else as the manifest
 * has them. A rollback takes all back together, beginning with the last. Pure.
 */

/** Service → services that it calls, and that must be new before it. */
export type Needs = Readonly<Record<string, readonly string[]>>;

/** The services in order of dependence. Names that are not among them do not count; there must be no circle. */
export function orderOf(services: readonly string[], needs: Needs): string[] {
  const ordered = new Set<string>();
  const visit = (service: string, way: readonly string[]): void => {
    if (ordered.has(service) || way.includes(service)) return;
    for (const needed of needsOf(needs, service))
      if (services.includes(needed)) visit(needed, [...way, service]);
    ordered.add(service);
  };
  for (const service of services) visit(service, []);
  return [...ordered];
}

/** Services that need each other, the first one twice: `a`, `b`, `a`; `null` where there is no circle. */
export function circleIn(needs: Needs): string[] | null {
  const clear = new Set<string>();
  const visit = (service: string, way: readonly string[]): string[] | null => {
    const start = way.indexOf(service);
    if (start >= 0) return [...way.slice(start), service];
    if (clear.has(service)) return null;
    for (const needed of needsOf(needs, service)) {
      const circle = visit(needed, [...way, service]);
      if (circle) return circle;
    }
    clear.add(service);
    return null;
  };
  for (const service of Object.keys(needs)) {
    const circle = visit(service, []);
    if (circle) return circle;
  }
  return null;
}

function needsOf(needs: Needs, service: string): readonly string[] {
  return Object.hasOwn(needs, service) ? (needs[service] ?? []) : [];
}
