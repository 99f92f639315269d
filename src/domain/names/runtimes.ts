/** Runtimes by their FC ids, and those of them that Sluice can build and run. */

export const RUNTIMES = [
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
export type Runtime = (typeof RUNTIMES)[number];

/** Those that a release can build and the engine can run. */
export const SUPPORTED_RUNTIMES: readonly Runtime[] = RUNTIMES.filter((id) =>
  /^(nodejs|python|php|java|dotnetcore2|custom)/.test(id),
);

/** Its functions are images of a registry, without a package. */
export const CONTAINER_RUNTIME = 'custom-container';

/** Functions of these start a server of their own, which the platform sends calls to. */
export function bringsServer(runtime: string): boolean {
  return runtime.startsWith('custom');
}

/** Only these take several requests at once in one instance. */
export function isConcurrent(runtime: string): boolean {
  return /^(nodejs|java|custom)/.test(runtime);
}

export function isRuntime(text: string): text is Runtime {
  return (RUNTIMES as readonly string[]).includes(text);
}

export function isSupportedRuntime(text: string): boolean {
  return (SUPPORTED_RUNTIMES as readonly string[]).includes(text);
}
