/**
 * Names and limits of Function Compute, as its API states them (fc-api §5). The manifest's reader and the engine take
 * them from here, so that what Sluice accepts the engine accepts.
 */

const NAME_128 = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;
const NAME_64 = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** What the name rule of services, functions, aliases and triggers is in words, for error messages. */
export const NAME_RULE = 'a letter or _ first, then letters, digits, _ and -, 128 characters at most';

export function isServiceName(text: string): boolean {
  return NAME_128.test(text);
}

/** Older texts allow 64 characters, others 128; the longer is accepted. */
export function isFunctionName(text: string): boolean {
  return NAME_128.test(text);
}

/** `LATEST` is a qualifier of its own and can never be an alias. */
export function isAliasName(text: string): boolean {
  return NAME_128.test(text) && text !== LATEST;
}

export function isTriggerName(text: string): boolean {
  return NAME_128.test(text);
}

export function isLayerName(text: string): boolean {
  return NAME_64.test(text);
}

/** A decimal number from 1, without leading zeros. */
export function isVersionId(text: string): boolean {
  return /^[1-9][0-9]*$/.test(text);
}

/** A version, an alias, or LATEST. */
export function isQualifier(text: string): boolean {
  return isVersionId(text) || NAME_128.test(text);
}

/** RFC 1035 host name in lower case. */
export function isDomainName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(text)
  );
}

export function isEnvironmentVariableName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(text);
}

/** `acs:ram::{account}:role/{name}` */
export function isRoleArn(text: string): boolean {
  return /^acs:ram::\d+:role\/[A-Za-z0-9._/-]{1,128}$/.test(text);
}

/** The qualifier of the one version that can still be changed. */
export const LATEST = 'LATEST';

/** Characters, not bytes. */
export const DESCRIPTION_MAX = 256;

/** Inclusive ranges of a function's numbers. */
export const FUNCTION_RANGES = {
  /** MB, a multiple of 64 */
  memorySize: { min: 128, max: 3_072, default: 128 },
  /** seconds */
  timeout: { min: 1, max: 600, default: 3 },
  /** seconds */
  initializationTimeout: { min: 1, max: 300, default: 3 },
  instanceConcurrency: { min: 1, max: 100, default: 1 },
} as const;

/** The port that a function's own server listens on. */
export const CA_PORT = { min: 1, max: 65_535, default: 9_000 } as const;

/** How a function's own server is asked whether it is well. */
export const HEALTH_CHECK_RANGES = {
  /** seconds */
  initialDelaySeconds: { min: 0, max: 120, default: 0 },
  /** seconds */
  periodSeconds: { min: 1, max: 120, default: 3 },
  /** seconds */
  timeoutSeconds: { min: 1, max: 3, default: 1 },
  /** bad answers in a row */
  failureThreshold: { min: 1, max: 120, default: 3 },
  /** good answers in a row */
  successThreshold: { min: 1, max: 120, default: 1 },
} as const;

/** What `isHealthCheckPath` asks for, in words. */
export const HEALTH_CHECK_PATH_RULE = 'a path that begins with /, with its query';

/** The empty text, as some clients send it, is no check. */
export function isHealthCheckPath(text: string): boolean {
  return /^(?:\/[\u0021-\u007e]*)?$/.test(text);
}

/** Seconds that a hook of an instance's life cycle may take. */
export const HOOK_TIMEOUT = { min: 1, max: 90, default: 3 } as const;

/** MB; memory comes in these units. */
export const MEMORY_UNIT_MB = 64;

/** Bytes of all environment variables of a function together, names and values. */
export const ENVIRONMENT_BYTES_MAX = 4_096;

/** Bytes of a zip sent in the body. */
export const CODE_ZIP_BYTES_MAX = 50 * 1024 * 1024;
