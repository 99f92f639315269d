/** A hook's call of a function of the release, by the version that the release has published. */
import { sayLate, type HookAction } from '../../domain/plan/hook.ts';
import { serviceIn } from '../../domain/names/place.ts';
import { FcError } from '../../fc/errors.ts';
import type { Job } from '../build/build.ts';
import type { HookCall } from '../contract.ts';
import { invalid } from '../failure.ts';
import { bodyText, faultIn, invocation } from '../invocation.ts';
import type { Parts } from '../parts.ts';
import { timeLimit } from '../../platform/time-limit.ts';

export interface FunctionCall {
  readonly action: Extract<HookAction, { kind: 'invoke' }>;
  readonly versions: HookCall['versions'];
  readonly words: Readonly<Record<string, string>>;
  /** Ends the wait; what runs already goes on until its own time-out. */
  readonly timeoutMs: number;
}

/** Calls it in every region that the release has it in at this point. @returns what went wrong, or `null` */
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
  const places = versions.filter((one) => serviceIn(one.service) === service);
  if (places.length === 0)
    throw invalid(`the release has no version of ${action.service ?? ''}/${name} to call`);
  const event = action.event.replaceAll(/\{\{(\w+)\}\}/g, (text, word: string) =>
    Object.hasOwn(words, word) ? (words[word] ?? '') : text,
  );
  const ended = AbortSignal.any([signal, timeLimit(timeoutMs)]);
  for (const { service: place, version } of places) {
    if (ended.aborted) return sayLate(timeoutMs);
    log.note(`calling ${place}/${name} version ${version} with ${event}`);
    const fault = await callOne(slowFc, log, { place, version, name, event, ended, timeoutMs });
    if (fault !== null) return places.length === 1 ? fault : `${place}: ${fault}`;
  }
  return null;
}

interface OneCall {
  readonly place: string;
  readonly version: string;
  readonly name: string;
  readonly event: string;
  /** Ends the wait. */
  readonly ended: AbortSignal;
  readonly timeoutMs: number;
}

async function callOne(
  slowFc: Parts['slowFc'],
  log: Job['log'],
  { place, version, name, event, ended, timeoutMs }: OneCall,
): Promise<string | null> {
  const answer = await Promise.race([
    invocation(() => slowFc.invoke(place, version, name, Buffer.from(event))),
    new Promise<null>((resolve) => ended.addEventListener('abort', () => resolve(null), { once: true })),
  ]);
  if (answer === null) return sayLate(timeoutMs);
  const fault = faultIn(answer, (line) => log.note(line));
  if (!(answer instanceof FcError)) log.note(`answer: ${bodyText(answer)}`);
  return fault;
}
