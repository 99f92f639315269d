/**
 * What the supervisor tells the person at the terminal: a line a part that came up, warnings of parts, the ready line.
 * Steps look like the bootstrap's, which cannot be shared: it runs before anything is installed. Piped, warnings are
 * the parts' own JSON lines on stderr.
 */
import type { LogLine } from './log-line.ts';

const NAME_WIDTH = 18;

export interface Screen {
  /** A step that is done, with the milliseconds it took. */
  done(name: string, tookMs: number, detail: string): void;
  warn(text: string): void;
  say(text: string): void;
  /** A line that a part logged. */
  logged(part: string, line: LogLine): void;
  bold(text: string): string;
  dim(text: string): string;
}

export function createScreen(out: NodeJS.WriteStream, err: NodeJS.WriteStream): Screen {
  const color = out.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const paint = (code: number, text: string) => (color ? `\u001B[${code}m${text}\u001B[0m` : text);
  const step = (mark: string, name: string, tookMs: number, detail: string) =>
    out.write(
      `  ${mark} ${name.padEnd(NAME_WIDTH)} ${`${(tookMs / 1000).toFixed(1)} s`.padStart(8)}  ${detail}\n`,
    );
  return {
    done: (name, tookMs, detail) => step(paint(32, '✔'), name, tookMs, paint(2, detail)),
    warn: (text) => void err.write(`  ${paint(33, '!')} ${text}\n`),
    say: (text) => void out.write(`${text}\n`),
    logged: (part, { level, message, json }) => {
      if (!err.isTTY) err.write(`${json}\n`);
      else err.write(`  ${level >= 50 ? paint(31, '✘') : paint(33, '!')} ${part}: ${message}\n`);
    },
    bold: (text) => paint(1, text),
    dim: (text) => paint(2, text),
  };
}
