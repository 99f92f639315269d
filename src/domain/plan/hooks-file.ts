/** How hooks are written in `sluice.yml`, what must fit together, and what they resolve to. */
import { z } from 'zod';
import type { Finding } from '../finding.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import { strictMap } from '../yaml/zod-findings.ts';
import { duration, oneOf, text } from './fields.ts';
import type { PlanHook, PlanHooks } from './hook.ts';

const DEFAULT_TIMEOUT_MS = 5 * 60_000;

const invoke = strictMap('a call of a function', {
  service: text('a service of the manifest', 128)
    .optional()
    .describe('May be left out where only one service has the function.'),
  function: text('a function of the manifest', 64).describe('Function that is called, by its new version.'),
  event: text(`a text such as '{"warm": true}'`, 10_000)
    .optional()
    .describe(
      'What it is called with; {} if left out. {{release}}, {{step}}, {{weight}}, {{waveRegions}} and {{idempotencyKey}} are filled in.',
    ),
});

const hook = strictMap('a hook', {
  name: text('a name', 64).describe('Name of the hook, once in its list.'),
  run: text('a shell command', 10_000)
    .optional()
    .describe('Command, run in the build sandbox at the root of the repository.'),
  invoke: invoke.optional().describe('Call of a function of the release, instead of a command.'),
  timeout: duration(1_000, 3_600_000)
    .optional()
    .describe('How long it may take; longer is a failure. 5m if left out.'),
  onFailure: oneOf(['roll-back', 'ask', 'continue'])
    .optional()
    .describe('What a failure means; roll-back if left out, ask: a person decides.'),
});

const list = z.array(hook, { error: 'a list of hooks' }).max(20, { error: '20 hooks at most' });

export const hooks = strictMap('hooks', {
  before: list.optional().describe('Before traffic moves, one after another.'),
  after: list
    .optional()
    .describe('After it: of a step, when its hold is over; else when all traffic has moved.'),
});
export type HooksFile = z.output<typeof hooks>;

/** What the schema cannot say: a command or a call and not both, and names that are there once. */
export function hookFindings(section: unknown, path: Path, root: YamlNode): Finding[] {
  const parsed = hooks.safeParse(section);
  if (!parsed.success) return [];
  return (['before', 'after'] as const).flatMap((when) => {
    const entries = parsed.data[when] ?? [];
    return entries.flatMap((one, i) => {
      const where = [...path, when, i];
      const isAgain = entries.slice(0, i).some(({ name }) => name === one.name);
      return [
        ...((one.run === undefined) === (one.invoke === undefined)
          ? [
              findingAt(
                root,
                where,
                'conflict',
                `found ${one.run === undefined ? 'neither' : 'both'}; allowed: either run (a command) or invoke (a function)`,
              ),
            ]
          : []),
        ...(isAgain
          ? [
              findingAt(
                root,
                [...where, 'name'],
                'duplicate',
                `the hook ${one.name} is there twice; give it another name`,
              ),
            ]
          : []),
      ];
    });
  });
}

export interface KnownService {
  readonly name: string;
  readonly functions: readonly { readonly name: string }[];
}

/** Calls of functions that the environment does not release, or has more than once. */
export function unknownFunctions(
  section: HooksFile | undefined,
  path: Path,
  services: readonly KnownService[],
  root: YamlNode,
): Finding[] {
  return (['before', 'after'] as const).flatMap((when) =>
    (section?.[when] ?? []).flatMap(({ invoke: call }, i): Finding[] => {
      if (!call) return [];
      const having = services.filter(({ functions }) => functions.some(({ name }) => name === call.function));
      const named = having.filter(({ name }) => call.service === undefined || name === call.service);
      if (named.length === 1) return [];
      const all = services.flatMap(({ name, functions }) => functions.map((one) => `${name}/${one.name}`));
      const found = `${call.service === undefined ? '' : `${call.service}/`}${call.function}`;
      const why =
        named.length > 1
          ? `several services have it; name one of ${named.map(({ name }) => name).join(', ')} as service`
          : `nothing that the environment releases has such a function; allowed: ${all.join(', ')}`;
      return [findingAt(root, [...path, when, i, 'invoke'], 'unknown-function', `found ${found}: ${why}`)];
    }),
  );
}

/** `undefined` where there are none. */
export function resolveHooks(section: HooksFile | undefined): PlanHooks | undefined {
  const { before = [], after = [] } = section ?? {};
  if (before.length + after.length === 0) return undefined;
  return { before: before.flatMap(resolveHook), after: after.flatMap(resolveHook) };
}

/** The file has passed `hookFindings`, so exactly one of `run` and `invoke` is there. */
function resolveHook({ name, run, invoke: call, timeout, onFailure }: z.output<typeof hook>): PlanHook[] {
  const rest = {
    name,
    timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
    onFailure: onFailure ?? 'roll-back',
  } as const;
  if (run !== undefined) return [{ ...rest, action: { kind: 'run', run } }];
  if (!call) return [];
  const { service = null, event = '{}' } = call;
  return [{ ...rest, action: { kind: 'invoke', service, function: call.function, event } }];
}
