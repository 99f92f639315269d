/** Numbers as people read them, the same in every locale: a sentence is stored once and shown everywhere. */

/** A share 0…1 as per cent with the digits that matter: `5.9 %`, `0.042 %`, `23.4 %`. */
export function percent(share: number): string {
  return `${significant(share * 100)} %`;
}

/** A difference of shares in percentage points: `0.1 points`. */
export function points(difference: number): string {
  return `${significant(difference * 100)} points`;
}

/** Odds of e^logOdds as `214 : 1`, or `1 : 3` when they speak against. */
export function odds(logOdds: number): string {
  if (logOdds < 0) {
    const against = whole(Math.exp(-logOdds));
    return against === '1' ? '1 : 1' : `1 : ${against}`;
  }
  return `${whole(Math.exp(logOdds))} : 1`;
}

/** A count with its noun: `1 failure`, `1,204 failures`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A whole number with commas between thousands. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A size in KB or MB (of 1024): `1.2 KB`. */
export function bytesText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Beyond a million more digits tell nobody more. */
function whole(value: number): string {
  if (value >= 1e6) return 'over 1,000,000';
  return grouped(Math.round(value));
}

/** One decimal from 10 on, else two significant digits; no trailing zeros. */
function significant(value: number): string {
  const digits = value >= 10 || value === 0 ? value.toFixed(1) : value.toPrecision(2);
  return String(Number(digits));
}
