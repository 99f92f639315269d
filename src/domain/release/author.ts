/** Whether somebody who acts is the author of a commit, by the names that both sides use. */

/**
 * True when `name` (of a token's owner) is the author's name, mail address, or the part of it before the `@`.
 *
 * @param author `Name <mail>`, `Name`, or `mail`, as git and the providers write it
 */
export function isAuthor(name: string, author: string): boolean {
  const wanted = fold(name);
  if (wanted === '') return false;
  const [, display = author, mail = ''] = /^(.*?)\s*<([^>]*)>\s*$/.exec(author) ?? [];
  return [display, mail]
    .flatMap((known) => [known, known.split('@')[0] ?? ''])
    .map(fold)
    .includes(wanted);
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}
