/** Which refs an environment releases. In a pattern `*` is anything but `/`, `**` anything; all else is itself. */
import type { EnvironmentRecord } from './environment.ts';

export type RefPatterns = Pick<EnvironmentRecord, 'branches' | 'tags'>;

const BRANCH = 'refs/heads/';
const TAG = 'refs/tags/';

/** True when the environment takes the full ref (`refs/heads/main`, `refs/tags/v1`); a bare name is a branch. */
export function releasesRef(environment: EnvironmentRecord, ref: string): boolean {
  return planTakesRef(environment, ref);
}

/** The same for patterns alone, e.g. those by which a commit's plan narrows the record's. */
export function planTakesRef({ branches, tags }: RefPatterns, ref: string): boolean {
  if (ref.startsWith(TAG)) return tags.some((pattern) => matches(pattern, ref.slice(TAG.length)));
  if (ref.startsWith('refs/') && !ref.startsWith(BRANCH)) return false;
  const branch = ref.startsWith(BRANCH) ? ref.slice(BRANCH.length) : ref;
  return branches.some((pattern) => matches(pattern, branch));
}

/** Linear in pattern × name, where a regular expression made of many stars could take for ever. */
function matches(pattern: string, name: string): boolean {
  const tokens = pattern.match(/\*\*+|\*|[^*]/gsu) ?? [];
  const letters = [...name];
  // reachable[i]: the tokens so far can have taken the first i letters.
  let reachable = letters.map(() => false);
  reachable.unshift(true);
  for (const token of tokens) {
    const next = reachable.map(() => false);
    for (let i = 0; i <= letters.length; i++) {
      if (token.startsWith('*')) {
        const carried = i > 0 && next[i - 1] === true && (token.length > 1 || letters[i - 1] !== '/');
        next[i] = reachable[i] === true || carried;
      } else if (i > 0) {
        next[i] = reachable[i - 1] === true && letters[i - 1] === token;
      }
    }
    reachable = next;
  }
  return reachable.at(-1) === true;
}
