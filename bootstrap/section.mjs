/** Parts of a document that a run writes: what stands between two marks is replaced, everything else is people's. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Replaces the text between `<!-- name -->` and `<!-- /name -->` of the file. Throws where the marks are missing. */
export function writeSection(path, name, text) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const whole = readFileSync(path, 'utf8');
  const [from, to] = [whole.indexOf(open), whole.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`${path} has no part marked ${open} … ${close}`);
  writeFileSync(path, `${whole.slice(0, from + open.length)}\n\n${text.trim()}\n\n${whole.slice(to)}`);
}
