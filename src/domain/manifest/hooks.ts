/**
 * `actions` of edition 1.0.0. The only hook that needs nothing is the one that asks for a build before the deployment:
 * Sluice always builds. All others are refused by name, because a release that leaves out a step of the team is wrong.
 */
import { describe, member, type YamlNode } from '../yaml/node.ts';
import type { Findings, Path } from './findings.ts';

const OUR_BUILD = /^(devsapp\/)?fc(@\S+)?\s+build(\s|$)/;

export function checkHooks(actions: YamlNode, path: Path, findings: Findings): void {
  if (actions.kind !== 'map') {
    findings.error('value', path, actions, `found ${describe(actions)}; allowed: a map of hooks`);
    return;
  }
  for (const { key, keyAt, value } of actions.entries) {
    const hooks = value.kind === 'list' ? value.items : [value];
    hooks.forEach((hook, i) => {
      if (hook.kind === 'scalar' && hook.value === null) return;
      const component = member(hook, 'component');
      if (key === 'pre-deploy' && component?.kind === 'scalar' && OUR_BUILD.test(component.source)) return;
      const at = hook.kind === 'scalar' ? keyAt : hook.at;
      findings.error(
        'unsupported',
        [...path, key, i],
        at,
        `the hook ${key}${what(hook)} is not supported; what must run before a release can be a stage in sluice.yml`,
      );
    });
  }
}

function what(hook: YamlNode): string {
  const kind = ['run', 'plugin', 'component'].find((key) => member(hook, key));
  return kind === undefined ? '' : ` (${kind})`;
}
