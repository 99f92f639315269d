/** A hook's call of a function of the release, by the version that the release has published. */
import { sayLate, type HookAction } from '../../domain/plan/hook.ts';
import { FcError } from '../../fc/errors.ts';
import type { Job } from '../build/build.ts';
import type { HookCall } from '../contract.ts';
import { invalid } from '../failure.ts';
import { bodyText, faultIn, invocation } from '../invocation.ts';
import type { Parts } from '../parts.ts';

export interface FunctionCall {
  readonly action: Extract<HookAction, { kind: 'invoke' }>;
  readonly versions: HookCall['versions'];
  readonly words: Readonly<Record<string, string>>;
  /** Ends the wait; what runs already goes on until its own time-out. */
  readonly timeoutMs: number;
}

/** @returns what went wrong, or `null` */
export async function callFunction(
  { slowFc }: Parts,
  { wanted, log, signal }: Job,
  { action, versions, words, timeoutMs }: FunctionCall,
): Promise<string | null> {
  const { function: name } = action;
  const service = wanted.manifest.services.find(
    (one) =>
      (action.service === null || one.name === action.service) &&
      one.functions.some((fn) => fn.name === name),
  )?.name;
  const version = versions.find((one) => one.service === service)?.version;
  if (service === undefined || version === undefined)
    throw invalid(`the release has no version of ${action.service ?? ''}/${name} to call`);
  const event = action.event.replaceAll(/\{\{(\w+)\}\}/g, (text, word: string) =>
    Object.hasOwn(words, word) ? (words[word] ?? '') : text,
  );
  log.note(`calling ${service}/${name} version ${version} with ${event}`);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const answer = await Promise.race([
    invocation(() => slowFc.invoke(service, version, name, Buffer.from(event))),
    new Promise<null>((resolve) => ended.addEventListener('abort', () => resolve(null), { once: true })),
  ]);
  if (answer === null) return sayLate(timeoutMs);
  const fault = faultIn(answer, (line) => log.note(line));
  if (!(answer instanceof FcError)) log.note(`answer: ${bodyText(answer)}`);
  return fault;
}
