/** A replay as `sluice replay` prints it: then beside now, the sentences, and what cannot be known. */
import type { ReplayOutcomeView, ReplayView } from '../../api/views.ts';
import { tableText } from './table.ts';

type Decision = ReplayOutcomeView['harmful'];
type Numbers = ReplayView['looks'][number]['now'];

export function replayText(replay: ReplayView, withLooks: boolean): string {
  const { before, now } = replay;
  const both = (label: string, of: (outcome: ReplayOutcomeView) => string) => [label, of(before), of(now)];
  const table = tableText(
    ['', 'THEN', 'NOW'],
    [
      both('harmful', ({ harmful }) => whenText(harmful)),
      both('  failed canary requests by then', ({ harmful }) => failuresText(harmful)),
      both('healthy', ({ healthy }) => whenText(healthy)),
      both('verdicts', verdictsText),
    ],
    '',
  );
  return [
    `release ${replay.release}${replay.same ? ': every number is the same, to the last bit' : ''}`,
    table,
    sentences(before, now),
    ...(withLooks ? [looksText(replay)] : []),
    replay.unknown.map((sentence) => `not known: ${sentence}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function whenText(decision: Decision): string {
  if (!decision) return 'never';
  const step = decision.step === null ? '' : `, step ${decision.step + 1}`;
  const place = decision.weight === 1 ? ', bake time' : step;
  return `after ${secondsText(decision.afterMs)} (look ${decision.number}${place})`;
}

function failuresText(decision: Decision): string {
  return decision ? `${decision.canary.failures} of ${decision.canary.requests}` : '–';
}

function verdictsText({ verdicts }: ReplayOutcomeView): string {
  const shown = verdicts.slice(0, 4).map(({ from, to, verdict }) => `${verdict} ${from}–${to}`);
  return shown.join(', ') + (verdicts.length > shown.length ? ', …' : '');
}

function sentences(before: ReplayOutcomeView, now: ReplayOutcomeView): string {
  const lines = [
    before.harmful ? `then: ${before.harmful.sentence}` : '',
    now.harmful ? `now:  ${now.harmful.sentence}` : '',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function looksText({ looks }: ReplayView): string {
  const rows = looks.map(({ number, step, metric, canary, stable, before, now }) => [
    String(number),
    step === null ? '' : String(step + 1),
    metric,
    `${canary.failures}/${canary.requests}`,
    `${stable.failures}/${stable.requests}`,
    numbersText(before),
    numbersText(now),
  ]);
  return tableText(['LOOK', 'STEP', 'METRIC', 'CANARY', 'STABLE', 'THEN', 'NOW'], rows, '');
}

/** Evidence as ln: at ln(1/falseRollback) with the gate it is harmful. */
function numbersText(numbers: Numbers): string {
  if (numbers === null) return '–';
  return `${numbers.verdict} ${numbers.logEvidence.toFixed(2)}${numbers.gate ? ' gate' : ''}`;
}

function secondsText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 90 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
