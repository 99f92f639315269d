/** `GET /2016-08-15/_sluice/ring`: the judge's reading of a function as called through one qualifier. */
import { RING_KEEP_MS, type RingAnswer } from '../../domain/metrics/ring.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { invalidArgument } from '../http/api-error.ts';
import { json, type Operation } from '../http/operation.ts';
import { PROBE_QUALIFIER } from './series.ts';
import type { SeriesRegistry } from './series-registry.ts';
import { z } from 'zod';

const Counts = { requests: z.int(), failures: z.int(), coldStarts: z.int() };
const Histogram = z.array(z.tuple([z.int(), z.int()]));
const Version = z.object({
  version: z.string(),
  totals: z.object(Counts),
  consecutiveFailures: z.int(),
  buckets: z.array(z.object({ at: z.int(), ...Counts })),
  latencies: z.array(z.object({ at: z.int(), warm: Histogram, cold: Histogram })).exactOptional(),
});
const Ring = z.object({
  now: z.int(),
  service: z.string(),
  function: z.string(),
  qualifier: z.string(),
  versions: z.array(Version),
  probes: z.array(Version).exactOptional(),
}) satisfies z.ZodType<RingAnswer>;

export function ringOperations(catalog: Catalog, registry: SeriesRegistry, now: () => number): Operation[] {
  return [
    {
      name: 'ReadRing',
      method: 'GET',
      path: '/_sluice/ring',
      output: Ring,
      query: ['service', 'function', 'qualifier', 'from', 'latencies', 'probes'],
      run(call) {
        const service = call.required('service');
        const name = call.required('function');
        const qualifier = call.optional('qualifier') ?? 'LATEST';
        const from = call.optional('from');
        if (from !== undefined && !/^\d{1,15}$/.test(from))
          throw invalidArgument(`from must be Unix milliseconds, not '${from}'`);
        catalog.find(service);
        const at = now();
        const fromMs = from === undefined ? at - RING_KEEP_MS : Number(from);
        const withLatencies = call.optional('latencies') === 'true';
        const answer: RingAnswer = {
          now: at,
          service,
          function: name,
          qualifier,
          versions: registry
            .of(service, name, qualifier)
            .map((series) => series.read(fromMs, at, withLatencies)),
          ...(call.optional('probes') === 'true' && {
            probes: registry
              .of(service, name, PROBE_QUALIFIER)
              .map((series) => series.read(fromMs, at, false)),
          }),
        };
        return json(answer);
      },
    },
  ];
}
