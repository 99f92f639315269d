/** Refusals of the running side for what this host lacks: each names the reason and the mend. */
import { RefusedError } from './contract.ts';

export function sandboxNotAvailable(reason: string, mend: string): RefusedError {
  return new RefusedError(502, 'SandboxNotAvailable', `${reason}; mend: ${mend}`);
}

/** Without a sandbox there is no `/opt` of a function's own. */
export function layersNeedSandbox(): RefusedError {
  return sandboxNotAvailable(
    'layers are shown in /opt of a sandbox, and SLUICE_SANDBOX=off leaves it out',
    'switch it on',
  );
}

/** @param waitedMs milliseconds that the call has waited */
export function stillFetching(runtime: string, waitedMs: number): RefusedError {
  return new RefusedError(
    503,
    'RuntimeNotAvailable',
    `runtime '${runtime}' is being fetched, which takes more than ${waitedMs / 1_000} s; call again in a moment`,
  );
}

export function noInstance(id: string): RefusedError {
  return new RefusedError(
    404,
    'InstanceNotFound',
    `instance '${id}' does not exist or takes no calls any more; ListInstances names those that do`,
  );
}
