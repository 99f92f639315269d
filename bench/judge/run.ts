/** `run.js [--runs N] [--seed N] [--only TEXT]`: prints the tables as Markdown. */
import { parseArgs } from 'node:util';
import { judgeLatency, LATENCY } from './latency.ts';
import { seeded } from './random.ts';
import {
  argoLike,
  firstVerdict,
  flaggerLike,
  kayentaLike,
  oracle,
  share,
  sluice,
  type Rule,
} from './rules.ts';
import { HARM, HEALTHY, NOTHING_WRONG, type Line } from './scenarios.ts';
import { harmCell, median, outcomeOf, share as shareOf } from './tally.ts';
import { LOOK_SECONDS, simulate } from './traffic.ts';

const RULES: Readonly<Record<string, Rule>> = {
  Sluice: sluice,
  oracle,
  Share: share,
  'Argo-like': argoLike,
  'Flagger-like': flaggerLike,
  'Kayenta-like': kayentaLike,
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  throw new Error(`--runs ${values.runs} --seed ${values.seed}: whole numbers are allowed, at least one run`);
}

console.log(`${runs} simulated releases a line, seed ${seed}.\n`);
table('Nothing wrong: share rolled back', NOTHING_WRONG, shareOf);
table('Harm: share rolled back · median seconds · median failed canary requests', HARM, harmCell);
healthy();
latency();

function table(title: string, lines: readonly Line[], cell: typeof harmCell): void {
  const names = Object.keys(RULES);
  const rows = wanted(lines, (line) => line.scenario.name).map(({ scenario, reference }) => {
    // All rules see the same releases.
    const random = seeded(seed);
    const outcomes = names.map((): ReturnType<typeof outcomeOf>[] => []);
    for (let run = 0; run < runs; run++) {
      const release = simulate(scenario, random);
      names.forEach((name, i) => {
        const looks = RULES[name]?.(release, scenario) ?? null;
        outcomes[i]?.push(outcomeOf(release, looks, scenario.faultAt));
      });
    }
    return [scenario.name, ...outcomes.map((o) => cell(o)), reference.sluice, reference.oracle];
  });
  print(title, ['line', ...names, 'reference: judge', 'reference: oracle'], rows);
}

function healthy(): void {
  const rows = wanted(HEALTHY, ({ scenario }) => scenario.name).map(({ scenario, reference }) => {
    const random = seeded(seed);
    const looks = Array.from({ length: runs }, () => firstVerdict(simulate(scenario, random), 'healthy'));
    return [scenario.name, ...sharesAndTime(looks), reference];
  });
  print('Called healthy', ['line', 'share', 'median', 'reference'], rows);
}

function latency(): void {
  const name = (l: (typeof LATENCY)[number]) =>
    `latency ×${l.factor}, σ = ${l.sigma}, ${l.requestsPerSecond}/s`;
  const rows = wanted(LATENCY, name).map((line) => {
    const random = seeded(seed);
    const looks = Array.from({ length: runs }, () => judgeLatency(line, random));
    return [name(line), ...sharesAndTime(looks), line.reference];
  });
  print('Latency: rolled back', ['line', 'share', 'median', 'reference'], rows);
}

function sharesAndTime(looks: readonly (number | null)[]): string[] {
  const found = looks.filter((look) => look !== null);
  return [shareOf(looks), found.length === 0 ? '' : `${median(found) * LOOK_SECONDS} s`];
}

function wanted<T>(lines: readonly T[], name: (line: T) => string): readonly T[] {
  return lines.filter((line) => name(line).includes(values.only));
}

function print(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  console.log(`### ${title}\n`);
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
  console.log('');
}
