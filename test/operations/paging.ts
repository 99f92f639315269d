/** Listings and how each is filled with more than two pages of the largest size. */
import { zipOf } from '../support/engine-process.ts';
import { timer, type Subject } from './subject.ts';

/** More than two pages of 100. */
export const COUNT = 250;

export interface Listing {
  readonly operation: string;
  readonly of?: Readonly<Record<string, string>>;
  /** What is listed besides is left out by it. */
  readonly query?: string;
  /** Member of the page with the items, and what each is known by. */
  readonly items: string;
  readonly nameOf: (item: Readonly<Record<string, unknown>>) => string;
  /** What must be listed, in its order. */
  readonly names: readonly string[];
  /** Where the next page begins, where that is not `nextToken`. */
  readonly next?: { readonly member: string; readonly parameter: string };
  /** Parameter that names the first item, and that item is one of the page. */
  readonly startKey?: string;
}

const NUMBERS = Array.from({ length: COUNT }, (_, index) => index + 1);
const NAMES = NUMBERS.map((number) => `p${String(number).padStart(3, '0')}`);
const by =
  (member: string) =>
  (item: Readonly<Record<string, unknown>>): string =>
    String(item[member]);
const TEN = Array.from({ length: 10 }, (_, index) => index);
const CALLED = { service: 'qualified.p001' };

export const LISTINGS: readonly Listing[] = [
  {
    operation: 'ListServices',
    query: 'prefix=p0',
    items: 'services',
    nameOf: by('serviceName'),
    names: NAMES.filter((name) => name.startsWith('p0')),
    startKey: 'startKey',
  },
  {
    operation: 'ListServices',
    query: 'tag_of=pages',
    items: 'services',
    nameOf: by('serviceName'),
    names: NAMES,
    startKey: 'startKey',
  },
  {
    operation: 'ListServices',
    // All of the tags must match.
    query: 'tag_of=pages&tag_team=a',
    items: 'services',
    nameOf: by('serviceName'),
    names: [],
  },
  {
    operation: 'ListFunctions',
    of: { service: 'pages' },
    items: 'functions',
    nameOf: by('functionName'),
    names: NAMES,
    startKey: 'startKey',
  },
  {
    operation: 'ListVersions',
    of: { service: 'counted' },
    items: 'versions',
    nameOf: by('versionId'),
    names: NUMBERS.map(String).reverse(),
    startKey: 'startKey',
  },
  {
    operation: 'ListVersions',
    of: { service: 'counted' },
    query: 'direction=FORWARD',
    items: 'versions',
    nameOf: by('versionId'),
    names: NUMBERS.map(String),
    startKey: 'startKey',
  },
  {
    operation: 'ListAliases',
    of: { service: 'qualified' },
    items: 'aliases',
    nameOf: by('aliasName'),
    names: NAMES,
    startKey: 'startKey',
  },
  {
    // Ten at most.
    operation: 'ListTriggers',
    of: { service: 'qualified' },
    items: 'triggers',
    nameOf: by('triggerName'),
    names: TEN.map((digit) => `t${digit}`),
    startKey: 'startKey',
  },
  {
    operation: 'ListCustomDomains',
    query: 'prefix=p',
    items: 'customDomains',
    nameOf: by('domainName'),
    names: NAMES.map((name) => `${name}.example.com`),
    startKey: 'startKey',
  },
  {
    operation: 'ListLayers',
    query: 'prefix=p',
    items: 'layers',
    nameOf: by('layerName'),
    names: NAMES,
    startKey: 'startKey',
  },
  {
    operation: 'ListLayerVersions',
    of: { layer: 'counted' },
    items: 'layers',
    nameOf: by('version'),
    names: NUMBERS.map(String),
    next: { member: 'nextVersion', parameter: 'startVersion' },
    startKey: 'startVersion',
  },
  {
    operation: 'ListProvisionConfigs',
    query: 'serviceName=qualified',
    items: 'provisionConfigs',
    nameOf: (item) => by('resource')(item).split('#')[2] ?? '',
    names: NAMES,
  },
  {
    operation: 'ListOnDemandConfigs',
    query: 'prefix=services/qualified.',
    items: 'configs',
    nameOf: by('resource'),
    names: NAMES.map((name) => `services/qualified.${name}/functions/hello`),
    startKey: 'startKey',
  },
  {
    operation: 'ListFunctionAsyncInvokeConfigs',
    of: { service: 'qualified' },
    items: 'configs',
    nameOf: by('qualifier'),
    names: NAMES,
  },
  {
    operation: 'ListStatefulAsyncInvocations',
    of: CALLED,
    query: 'sortOrderByTime=asc',
    items: 'invocations',
    nameOf: by('invocationId'),
    names: NAMES,
  },
];

/** Makes what `LISTINGS` list. */
export async function fillPages({ done, hello }: Subject): Promise<void> {
  const zipFile = (await zipOf({ 'a.txt': 'a' })).toString('base64');
  for (const serviceName of ['pages', 'counted', 'qualified'])
    await done('CreateService', { body: { serviceName } });
  const of = { service: 'qualified' };
  await done('CreateFunction', { of, body: hello });
  await done('PublishVersion', { of, body: {} });
  for (const digit of TEN) await done('CreateTrigger', { of, body: timer(`t${digit}`) });
  await each(NAMES, (aliasName) => done('CreateAlias', { of, body: { aliasName, versionId: '1' } }));

  const delayed = { 'x-fc-invocation-type': 'Async', 'x-fc-async-delay': '3600' };
  const put = (operation: string, body: object) =>
    each(NAMES, (alias) => done(operation, { of: { service: `qualified.${alias}` }, body }));
  const putAsyncAndCall = async (): Promise<void> => {
    await put('PutFunctionAsyncInvokeConfig', { statefulInvocation: true });
    // They are listed in the order of their arrival.
    await inTurn(async (id) => {
      const headers = { ...delayed, 'x-fc-stateful-async-invocation-id': id };
      await done('InvokeFunction', { of: CALLED, headers });
    });
  };
  await Promise.all([
    each(NAMES, async (serviceName) => {
      await done('CreateService', { body: { serviceName } });
      await done('TagResource', { body: { resourceArn: `services/${serviceName}`, tags: { of: 'pages' } } });
    }),
    each(NAMES, (functionName) =>
      done('CreateFunction', { of: { service: 'pages' }, body: { ...hello, functionName } }),
    ),
    inTurn(async (description) => {
      await done('UpdateService', { of: { service: 'counted' }, body: { description } });
      await done('PublishVersion', { of: { service: 'counted' }, body: {} });
    }),
    each(NAMES, (name) => done('CreateCustomDomain', { body: { domainName: `${name}.example.com` } })),
    each(NAMES, async (layer) => {
      await done('PublishLayerVersion', { of: { layer }, body: { code: { zipFile } } });
      await done('PublishLayerVersion', { of: { layer: 'counted' }, body: { code: { zipFile } } });
    }),
    put('PutProvisionConfig', { target: 0 }),
    put('PutOnDemandConfig', { maximumInstanceCount: 1 }),
    putAsyncAndCall(),
  ]);
}

async function inTurn(make: (name: string) => Promise<unknown>): Promise<void> {
  for (const name of NAMES) await make(name);
}

/** Eight at once. */
async function each(names: readonly string[], make: (name: string) => Promise<unknown>): Promise<void> {
  const waiting = names.values();
  const worker = async (): Promise<void> => {
    for (const name of waiting) await make(name);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Every page of `limit`, as the names on it; `start` is the first item's. */
export async function pagesOf(
  { done }: Subject,
  listing: Listing,
  limit: number,
  start?: string,
): Promise<string[][]> {
  const { operation, of = {}, query, items, nameOf, next = NEXT, startKey } = listing;
  const pages: string[][] = [];
  let from = start === undefined || startKey === undefined ? '' : `${startKey}=${start}`;
  for (;;) {
    const asked = [query, `limit=${limit}`, from].filter(Boolean).join('&');
    const page = (await done(operation, { of, query: asked })).json();
    pages.push((page[items] as Record<string, unknown>[]).map(nameOf));
    const token = page[next.member];
    if (token === undefined) return pages;
    from = `${next.parameter}=${encodeURIComponent(token as string | number)}`;
  }
}
const NEXT = { member: 'nextToken', parameter: 'nextToken' };
