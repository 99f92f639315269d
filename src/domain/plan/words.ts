/** A plan in words: what will happen in which order, who is asked, and what the judge looks at. */
import { percent as rounded } from '../analysis/numbers-in-words.ts';
import { percent } from '../release/split.ts';
import { durationText } from './duration.ts';
import type { UnderWay } from '../freeze/freeze.ts';
import { extensionOf } from './extension.ts';
import { hookPlaceText, hooksAt, type HookPlace } from './hook.ts';
import type { PlanAnalysis, PlanApproval, PlanProbe, PlanStep, ResolvedPlan } from './plan.ts';
import { servicesText } from './services-file.ts';
import type { StepAnalysis, StepBounds } from './step-analysis.ts';
import type { SupersedePolicy } from './supersede.ts';
import { waveCount, waveText } from './waves.ts';

/** One line a stage, a step, and a rule of the judge. */
export function planLines(plan: ResolvedPlan): string[] {
  const { waves = [] } = plan;
  return [
    ...plan.stages.map(
      (group) => `before the build: ${group.map(({ name, run }) => `${name} (${run})`).join(', beside it ')}`,
    ),
    ...(plan.services ? [`releases only ${servicesText(plan.services)}`] : []),
    ...Object.entries(plan.needs ?? {}).map(
      ([service, needs]) =>
        `order: ${service} after ${needs.join(' and ')}; a rollback takes all back together`,
    ),
    ...(plan.steps.length === 0 ? [`no gray steps: ${plan.alias} goes to the new version at once`] : []),
    ...(plan.steps.length === 0 ? waves.map((_, index) => waveLine(plan, index)) : []),
    ...hookLines(plan, { step: null, when: 'before' }),
    ...plan.steps.flatMap((step, index) => [
      ...(step.wave !== undefined && step.wave !== plan.steps[index - 1]?.wave
        ? [waveLine(plan, step.wave)]
        : []),
      ...hookLines(plan, { step: index, when: 'before' }),
      `step ${index + 1}: ${stepText(step)}`,
      ...hookLines(plan, { step: index, when: 'after' }),
    ]),
    ...(plan.steps.length === 0 ? [] : holdLines(plan)),
    ...ruleLines(plan),
    ...(waves.length > 0 ? ['harm in any wave takes back the regions of all that have begun'] : []),
    `promotion: 100 % behind ${plan.alias}${waves.length > 0 ? ' in every region' : ''}${plan.bakeMs > 0 ? `, watched for ${durationText(plan.bakeMs)} more` : ''}`,
    ...hookLines(plan, { step: null, when: 'after' }),
    ...analysisLines(plan.analysis, waveCount(plan)),
    ...(plan.notifications
      ? [`told to the project's channels: ${plan.notifications.events.join(', ') || 'nothing'}`]
      : []),
  ];
}

/** What is between two waves belongs to the one before. */
function waveLine(plan: ResolvedPlan, wave: number): string {
  const bakeMs = plan.waves?.[wave - 1]?.bakeMs ?? 0;
  const after = bakeMs > 0 ? `, ${durationText(bakeMs)} after 100 % in wave ${wave}` : '';
  return `${waveText(plan, wave) ?? ''}${after}`;
}

function holdLines(plan: ResolvedPlan): string[] {
  const longest = Math.max(...plan.steps.map((step) => extensionOf(plan, step)));
  return [
    ...(plan.advance === 'early' ? ['a healthy verdict ends a hold before its time'] : []),
    `without evidence a hold goes on for up to ${durationText(longest)}, then a person is asked`,
  ];
}

/** What the plan says of pushes, freezes and versions that are gone; what it leaves out is as the record or the freeze has it. */
function ruleLines({ supersede, freeze, stableGone }: ResolvedPlan): string[] {
  return [
    ...(supersede ? [`a newer push ${NEWER_PUSH[supersede]}`] : []),
    ...(freeze ? [`a freeze that begins meanwhile: the release ${IN_FREEZE[freeze]}`] : []),
    ...(stableGone === 'newest-older'
      ? ['a rollback goes to the newest version before the live one, if that was deleted']
      : []),
  ];
}

const NEWER_PUSH: Readonly<Record<SupersedePolicy, string>> = {
  queue: 'waits its turn',
  latest: 'takes the place of those that wait',
  replace: 'takes the place of those that wait, and of the running release',
};

const IN_FREEZE: Readonly<Record<UnderWay, string>> = {
  finish: 'may finish, unless the freeze is stricter',
  hold: 'is held, unless the freeze takes it back',
  'roll-back': 'goes back',
};

function hookLines(plan: ResolvedPlan, place: HookPlace): string[] {
  return hooksAt(plan, place).map(({ name, action, timeoutMs, onFailure }) => {
    const what = action.kind === 'run' ? action.run : `calls ${action.function} by its new version`;
    const then = { 'roll-back': 'rolled back', ask: 'a person decides', continue: 'goes on' }[onFailure];
    return `hook ${hookPlaceText(place)}: ${name} (${what}), within ${durationText(timeoutMs)} (fails: ${then})`;
  });
}

function stepText({ weight, holdMs, approval, analysis, probe }: PlanStep): string {
  const hold = holdMs > 0 ? `${percent(weight)} for ${durationText(holdMs)}` : percent(weight);
  const held = probe ? `${hold}, ${probeText(probe)}` : hold;
  const asked = approval === null ? held : `${held}, then ${approvalText(approval)}`;
  return analysis ? `${asked}; judged by ${judgedText(analysis)}` : asked;
}

function judgedText({ errors, latency, absolute }: StepAnalysis): string {
  const bounds = (name: string, of: StepBounds | undefined) => [
    ...(of?.rho === undefined ? [] : [`odds of ${of.rho} for ${name}`]),
    ...(of?.floor === undefined ? [] : [`${rounded(of.floor)} more ${name}`]),
  ];
  return [
    ...bounds('failures', errors),
    ...bounds('slow requests', latency),
    ...(absolute ? [`a person is asked at ${rounded(absolute.errors)} failures`] : []),
  ].join(', ');
}

function probeText({ everyMs, only, functions }: PlanProbe): string {
  const what = functions?.map(({ name }) => name).join(', ') ?? 'all functions';
  return `probing ${what} every ${durationText(everyMs)}${only === 'quiet' ? ' where users are few' : ''}`;
}

function approvalText({ role, count, notAuthor, timeoutMs, onTimeout }: PlanApproval): string {
  const who = count === 1 ? `a ${role} approves` : `${count} people approve (${role} or higher)`;
  const but = notAuthor ? ', not the author' : '';
  if (timeoutMs === null) return `${who}${but}, however long that takes`;
  return `${who}${but}, within ${durationText(timeoutMs)} (else: ${onTimeout === 'continue' ? 'goes on' : 'rolled back'})`;
}

function analysisLines(
  { intervalMs, errors, latency, absolute, probe, metrics = [] }: PlanAnalysis,
  waves: number,
): string[] {
  return [
    `judge: looks every ${durationText(intervalMs)}; a canary that is not worse is rolled back in at most ${rounded(errors.alpha * waves)} of releases`,
    `judge: failures count as harm beyond odds of ${errors.rho} and ${rounded(errors.floor)} more of the requests`,
    latency === null
      ? 'judge: latency is not judged'
      : `judge: slowness counts as harm beyond odds of ${latency.rho} and ${rounded(latency.floor)} more of the requests`,
    ...(absolute ? [`judge: a person is asked when either version fails ${rounded(absolute.errors)}`] : []),
    ...(probe
      ? ["judge: probes of both versions are compared like requests, and never added to users' counts"]
      : []),
    ...metrics.map(({ name, source }) => `judge: also ${name}, from ${source.kind}`),
  ];
}
