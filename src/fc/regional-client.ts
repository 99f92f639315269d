/**
 * One `FcClient` for several regions: every method takes a place (`domain/names/place.ts`) as its service, and goes to
 * the endpoint of that place's region. What comes back names the place again.
 */
import { regionIn, serviceIn } from '../domain/names/place.ts';
import type { RegionEndpoint } from '../platform/regions.ts';
import type { FcClient, FcService, Tagged } from './client.ts';
import { FcError } from './errors.ts';
import { createFcClient, type FcClientSettings } from './fc2-client.ts';

/**
 * @param home the installation's own region
 * @param others further ones; account and key pair are the same in all
 */
export function createRegionalClient(home: FcClientSettings, others: readonly RegionEndpoint[]): FcClient {
  const homeClient = createFcClient(home);
  const clients = new Map(
    others.map(({ name, endpoint }) => [name, createFcClient({ ...home, region: name, endpoint })]),
  );

  function at<T>(place: string, call: (client: FcClient, service: string) => Promise<T>): Promise<T> {
    const region = regionIn(place);
    const client = region === null ? homeClient : clients.get(region);
    if (client) return call(client, serviceIn(place));
    // As if it were away, because the operator can mend it: a rollback there must wait, not give up.
    return Promise.reject(
      new FcError(`the region ${region} is not configured here; name its endpoint in SLUICE_REGIONS`, {
        status: 0,
        code: 'RegionUnknown',
      }),
    );
  }

  function named(place: string, answer: Tagged<FcService>): Tagged<FcService> {
    return { ...answer, value: { ...answer.value, serviceName: place } };
  }

  return {
    getService: (place, qualifier) =>
      at(place, async (fc, service) => {
        const answer = await fc.getService(service, qualifier);
        return answer && named(place, answer);
      }),
    createService: (wanted) =>
      at(wanted.serviceName, async (fc, serviceName) =>
        named(wanted.serviceName, await fc.createService({ ...wanted, serviceName })),
      ),
    updateService: (wanted) =>
      at(wanted.serviceName, async (fc, serviceName) =>
        named(wanted.serviceName, await fc.updateService({ ...wanted, serviceName })),
      ),
    getFunction: (place, ...rest) => at(place, (fc, service) => fc.getFunction(service, ...rest)),
    listFunctions: (place, ...rest) => at(place, (fc, service) => fc.listFunctions(service, ...rest)),
    createFunction: (place, ...rest) => at(place, (fc, service) => fc.createFunction(service, ...rest)),
    updateFunction: (place, ...rest) => at(place, (fc, service) => fc.updateFunction(service, ...rest)),
    deleteFunction: (place, ...rest) => at(place, (fc, service) => fc.deleteFunction(service, ...rest)),
    getFunctionCode: (place, ...rest) => at(place, (fc, service) => fc.getFunctionCode(service, ...rest)),
    publishVersion: (place, ...rest) => at(place, (fc, service) => fc.publishVersion(service, ...rest)),
    listVersions: (place, ...rest) => at(place, (fc, service) => fc.listVersions(service, ...rest)),
    getAlias: (place, ...rest) => at(place, (fc, service) => fc.getAlias(service, ...rest)),
    createAlias: (place, ...rest) => at(place, (fc, service) => fc.createAlias(service, ...rest)),
    updateAlias: (place, ...rest) => at(place, (fc, service) => fc.updateAlias(service, ...rest)),
    invoke: (place, ...rest) => at(place, (fc, service) => fc.invoke(service, ...rest)),
    probe: (place, ...rest) => at(place, (fc, service) => fc.probe(service, ...rest)),
    readRing: (place, ...rest) => at(place, (fc, service) => fc.readRing(service, ...rest)),
  };
}
