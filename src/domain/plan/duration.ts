/** Durations as people write them: `10m`, `90s`, `1h30m`, `500ms`. A bare number is refused: of what? */

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

const NUMBER = String.raw`\d{1,9}(?:\.\d{1,3})?`;

/** Units from large to small, each at most once. */
export const DURATION_PATTERN = new RegExp(
  `^(?=\\d)${Object.keys(UNITS_MS)
    .map((unit) => `(?:(${NUMBER})${unit})?`)
    .join('')}$`,
);

/** Milliseconds, whole; `null` when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = DURATION_PATTERN.exec(text);
  if (!match) return null;
  const units = Object.values(UNITS_MS);
  return Math.round(match.slice(1).reduce((sum, part, i) => sum + Number(part ?? 0) * (units[i] ?? 0), 0));
}

/** `1h 30m`, `45s`, `500ms`: the shortest exact text. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, length] of Object.entries(UNITS_MS)) {
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * length;
  }
  return parts.length === 0 ? '0s' : parts.join(' ');
}
