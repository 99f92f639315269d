/**
 * Where a service of a release runs. In the home region, which the engine of this installation is, a place is the
 * service's name; elsewhere it is `region/service`. A service's name has no slash, so the two cannot be taken for one
 * another, and what was released before there were regions keeps its name.
 */

/** @param home the region of this installation's own engine */
export function placeOf(service: string, region: string, home: string): string {
  return region === home ? service : `${region}/${service}`;
}

/** The service's name, as manifests and Function Compute have it. */
export function serviceIn(place: string): string {
  return place.slice(place.indexOf('/') + 1);
}

/** `null`: the home region. */
export function regionIn(place: string): string | null {
  const slash = place.indexOf('/');
  return slash < 0 ? null : place.slice(0, slash);
}

/** For people: `shop in cn-shanghai`; the name alone where the plan names no regions. */
export function placeText({
  service,
  region,
}: {
  readonly service: string;
  readonly region?: string;
}): string {
  return region === undefined ? service : `${serviceIn(service)} in ${region}`;
}
