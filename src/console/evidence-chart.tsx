/** Evidence of harm over time against the line at which Sluice rolls back, as a small SVG. Pure: points in, picture out. */
import type { FC } from 'hono/jsx';
import type { LookView } from '../api/views.ts';

const WIDTH = 640;
const HEIGHT = 180;
const PAD = { left: 64, right: 12, top: 14, bottom: 26 };

export const EvidenceChart: FC<{ looks: readonly LookView[] }> = ({ looks }) => {
  const last = looks.at(-1);
  if (last === undefined) return <p class="quiet">No look yet: the judge begins with the first gray step.</p>;
  const times = looks.map((look) => Date.parse(look.at));
  const from = times[0] ?? 0;
  const to = Math.max(times.at(-1) ?? 0, from + 1_000);
  const top = Math.max(last.logThreshold * 1.25, ...looks.map((look) => look.logEvidence));
  const bottom = Math.min(-1, ...looks.map((look) => look.logEvidence));
  const x = (time: number): number =>
    PAD.left + ((time - from) / (to - from)) * (WIDTH - PAD.left - PAD.right);
  const y = (log: number): number =>
    PAD.top + ((top - log) / (top - bottom)) * (HEIGHT - PAD.top - PAD.bottom);
  const path = looks
    .map(
      (look, index) =>
        `${index === 0 ? 'M' : 'L'}${x(times[index] ?? 0).toFixed(1)} ${y(look.logEvidence).toFixed(1)}`,
    )
    .join(' ');
  const threshold = y(last.logThreshold);
  return (
    <figure class="chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Evidence now ${odds(last.logEvidence)}, rollback at ${odds(last.logThreshold)}`}
      >
        <line class="axis" x1={PAD.left} x2={WIDTH - PAD.right} y1={y(0)} y2={y(0)} />
        <line class="threshold" x1={PAD.left} x2={WIDTH - PAD.right} y1={threshold} y2={threshold} />
        <text class="label" x={PAD.left - 8} y={threshold + 4} text-anchor="end">
          {odds(last.logThreshold)}
        </text>
        <text class="label" x={PAD.left - 8} y={y(0) + 4} text-anchor="end">
          1 : 1
        </text>
        <text class="label threshold-name" x={PAD.left + 6} y={threshold - 5}>
          rollback
        </text>
        {stepMarks(looks).map(({ time, weight }) => (
          <>
            <line class="step" x1={x(time)} x2={x(time)} y1={PAD.top} y2={HEIGHT - PAD.bottom} />
            <text class="label" x={x(time) + 4} y={HEIGHT - 8}>
              {Number((weight * 100).toFixed(1))} %
            </text>
          </>
        ))}
        <path class="evidence" d={path} />
        <circle class={`now now-${last.verdict}`} cx={x(times.at(-1) ?? 0)} cy={y(last.logEvidence)} r="4" />
      </svg>
      <figcaption>{last.sentence}</figcaption>
    </figure>
  );
};

/** Where the weight changed. */
function stepMarks(looks: readonly LookView[]): { time: number; weight: number }[] {
  return looks.flatMap((look, index) =>
    look.weight === looks[index - 1]?.weight ? [] : [{ time: Date.parse(look.at), weight: look.weight }],
  );
}

/** e^log as odds, e.g. `214 : 1`, `1 : 3`. */
export function odds(log: number): string {
  const ratio = Math.exp(Math.abs(log));
  const text =
    ratio >= 1e6
      ? ratio.toExponential(0).replace('e+', '·10^')
      : ratio >= 10
        ? String(Math.round(ratio))
        : String(Number(ratio.toFixed(1)));
  return log >= 0 ? `${text} : 1` : `1 : ${text}`;
}
