/** Runtimes by their FC ids, those of them that Sluice can build and run, and what those of one family have in common. */

export const RUNTIMES = [
  'nodejs4.4',
  'nodejs6',
  'nodejs8',
  'nodejs10',
  'nodejs12',
  'nodejs14',
  'nodejs16',
  'nodejs18',
  'nodejs20',
  'python2.7',
  'python3',
  'python3.9',
  'python3.10',
  'java8',
  'java11',
  'php7.2',
  'dotnetcore2.1',
  'dotnetcore3.1',
  'go1',
  'custom',
  'custom.debian10',
  'custom-container',
] as const;
type Runtime = (typeof RUNTIMES)[number];

/** Known to Function Compute alone. */
const NOT_SERVED: readonly Runtime[] = ['dotnetcore3.1', 'go1'];

/** Those that a release can build and the engine can run. */
export const SUPPORTED_RUNTIMES: readonly Runtime[] = RUNTIMES.filter((id) => !NOT_SERVED.includes(id));

/** Its functions are images of a registry, without a package. */
export const CONTAINER_RUNTIME = 'custom-container';

interface Family {
  /** Functions start a server of their own, which the platform sends calls to. */
  readonly bringsServer: boolean;
  /** Takes several requests at once in one instance. */
  readonly isConcurrent: boolean;
}

const FAMILIES = {
  nodejs: { bringsServer: false, isConcurrent: true },
  python: { bringsServer: false, isConcurrent: false },
  java: { bringsServer: false, isConcurrent: true },
  php: { bringsServer: false, isConcurrent: false },
  dotnetcore: { bringsServer: false, isConcurrent: false },
  go: { bringsServer: false, isConcurrent: false },
  custom: { bringsServer: true, isConcurrent: true },
  [CONTAINER_RUNTIME]: { bringsServer: true, isConcurrent: true },
} satisfies Readonly<Record<string, Family>>;
export type RuntimeFamily = keyof typeof FAMILIES;

/** By what an id begins with, so that it is known of versions that are not in the list too; `null`: of none. */
export function familyOf(runtime: string): RuntimeFamily | null {
  if (runtime === CONTAINER_RUNTIME) return runtime;
  const [name = ''] = /^[a-z]+/.exec(runtime) ?? [];
  return Object.hasOwn(FAMILIES, name) ? (name as RuntimeFamily) : null;
}

export function bringsServer(runtime: string): boolean {
  const family = familyOf(runtime);
  return family !== null && FAMILIES[family].bringsServer;
}

export function isConcurrent(runtime: string): boolean {
  const family = familyOf(runtime);
  return family !== null && FAMILIES[family].isConcurrent;
}

export function isRuntime(text: string): text is Runtime {
  return (RUNTIMES as readonly string[]).includes(text);
}

export function isSupportedRuntime(text: string): boolean {
  return (SUPPORTED_RUNTIMES as readonly string[]).includes(text);
}
