/** The hooks of an instance's life cycle (manifests §2.2), every default filled in. */
import { HOOK_TIMEOUT } from '../names/fc.ts';
import { handlerRule } from './handler.ts';
import type { MapReader } from './map-reader.ts';
import type { ManifestHook, ManifestLifecycle } from './model.ts';

export function readLifecycle(map: MapReader, runtime: string | null): ManifestLifecycle {
  const config = map.map('instanceLifecycleConfig');
  const hook = (name: 'preFreeze' | 'preStop'): ManifestHook => {
    const member = config?.map(name) ?? null;
    if (!member) return { handler: '', timeout: HOOK_TIMEOUT.default };
    const handler = member.textOr('handler', '', handlerRule(runtime));
    const timeout = member.whole('timeout', HOOK_TIMEOUT);
    member.rest();
    return { handler, timeout };
  };
  const hooks = { preFreeze: hook('preFreeze'), preStop: hook('preStop') };
  config?.rest();
  return hooks;
}
