/** Keeps secrets out of what is stored: every occurrence of a known value is replaced. */

const SHORTEST = 6;
export const MASK = '[secret]';

/**
 * A function that masks `secrets` in a text. Values shorter than six characters are left alone: they would blot out
 * ordinary words, and are no secrets.
 */
export function masker(secrets: readonly string[]): (text: string) => string {
  // Longest first: a secret may begin with another one.
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let masked = text;
    for (const secret of known) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
    return masked;
  };
}
