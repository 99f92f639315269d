/** Two writers of one resource who both saw its ETag: which write each of them sends (fc-api.md §1, If-Match). */
import { saidBy, timer, type Subject } from './subject.ts';

type Write = readonly [operation: string, body: object | undefined];

export interface Race {
  readonly what: string;
  readonly of?: Readonly<Record<string, string>>;
  /** Reads the ETag. */
  readonly read: string;
  /** The operations that heed If-Match, each with what it sends; the two writers send any two of them. */
  readonly writes: readonly Write[];
  /** Makes it where it is not there, e.g. because the last round deleted it. */
  readonly make: (subject: Subject) => Promise<unknown>;
}

export const RACES: readonly Race[] = [
  {
    what: 'a service',
    of: { service: 'raced' },
    read: 'GetService',
    writes: [
      ['UpdateService', { description: 'a' }],
      ['UpdateService', { description: 'b' }],
      ['DeleteService', undefined],
    ],
    make: ({ ask }) => ask('CreateService', { body: { serviceName: 'raced' } }),
  },
  {
    what: 'a function',
    of: { function: 'raced' },
    read: 'GetFunction',
    writes: [
      ['UpdateFunction', { description: 'a' }],
      ['UpdateFunction', { timeout: 20 }],
      ['DeleteFunction', undefined],
    ],
    make: async ({ ask, hello }) => ask('CreateFunction', { body: { ...hello, functionName: 'raced' } }),
  },
  {
    what: 'a trigger',
    of: { trigger: 'raced' },
    read: 'GetTrigger',
    writes: [
      ['UpdateTrigger', { description: 'a' }],
      ['UpdateTrigger', { triggerConfig: { cronExpression: '@every 12h' } }],
      ['DeleteTrigger', undefined],
    ],
    make: ({ ask }) => ask('CreateTrigger', { body: timer('raced') }),
  },
  {
    what: 'an alias',
    of: { alias: 'RACED' },
    read: 'GetAlias',
    writes: [
      ['UpdateAlias', { versionId: '2' }],
      ['UpdateAlias', { description: 'b' }],
      ['DeleteAlias', undefined],
    ],
    make: ({ ask }) => ask('CreateAlias', { body: { aliasName: 'RACED', versionId: '1' } }),
  },
  {
    what: 'a provision configuration',
    of: { service: 'shop.2' },
    read: 'GetProvisionConfig',
    writes: [
      ['PutProvisionConfig', { target: 0 }],
      ['PutProvisionConfig', { target: 0, alwaysAllocateCPU: true }],
    ],
    make: ({ ask }) => ask('PutProvisionConfig', { of: { service: 'shop.2' }, body: { target: 0 } }),
  },
  {
    what: 'an on-demand configuration',
    of: { service: 'shop.2' },
    read: 'GetOnDemandConfig',
    writes: [
      ['PutOnDemandConfig', { maximumInstanceCount: 1 }],
      ['PutOnDemandConfig', { maximumInstanceCount: 2 }],
      ['DeleteOnDemandConfig', undefined],
    ],
    make: ({ ask }) =>
      ask('PutOnDemandConfig', { of: { service: 'shop.2' }, body: { maximumInstanceCount: 3 } }),
  },
];

/** A round: two writers with one ETag. Gives what each was told. */
export async function raceOnce(subject: Subject, race: Race, writers: readonly Write[]): Promise<string[]> {
  const { of = {} } = race;
  await race.make(subject);
  const { headers } = await subject.done(race.read, { of });
  const ifMatch = { 'if-match': String(headers['etag']) };
  const answers = await Promise.all(
    writers.map(([operation, body]) =>
      subject.ask(operation, { of, headers: ifMatch, ...(body && { body }) }),
    ),
  );
  return answers.map(saidBy);
}

/** Any two of the writes of a resource. */
export function pairsOf({ writes }: Race): Write[][] {
  return writes.flatMap((one, index) => writes.slice(index + 1).map((other) => [one, other]));
}
