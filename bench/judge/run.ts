/** `run.js [--runs N] [--seed N] [--only TEXT] [--write FILE]`: prints the tables as Markdown, or writes them. */
import { writeFileSync } from 'node:fs';
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
    write: { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  throw new Error(`--runs ${values.runs} --seed ${values.seed}: whole numbers are allowed, at least one run`);
}

const lines: string[] = [];
say(intro());
table('Nothing wrong: share rolled back', NOTHING_WRONG, shareOf);
table('Harm: share rolled back · median seconds · median failed canary requests', HARM, harmCell);
healthy();
latency();
if (values.write !== '') writeFileSync(values.write, `${lines.join('\n')}\n`);

/** What a reader must know of the tables, before them. */
function intro(): string {
  return `# The judge, measured

Written by \`npm run bench:judge -- --runs ${runs} --seed ${seed} --write docs/judge-benchmarks.md\`: ${runs} simulated releases a line.
[bench/judge](../bench/judge/README.md) says how. _Reference_ is what the reference implementation measured, with its own
seeds; with 1,000 releases a share of 50 % is known to ± 3 points, one of 1 % to ± 0.6.
`;
}

function say(line: string): void {
  lines.push(line);
  if (values.write === '') console.log(line);
}

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
  say(`## ${title}\n`);
  for (const row of [head, head.map(() => '---'), ...rows]) say(`| ${row.join(' | ')} |`);
  say('');
}
