/** How the story looks: one line a thing, its time in front, colours on a terminal only. */
import type { Measured } from './traffic.ts';

export interface Page {
  /** What the story is about, before it begins. */
  intro(text: string): void;
  /** Heading of a chapter. */
  chapter(title: string, subtitle: string): void;
  /** A line with the time since the story began. */
  line(topic: string, text: string, tone?: Tone): void;
  /** Text below a line, wrapped to the terminal. */
  note(text: string): void;
  /** What the requests measured: a bar and counts for each version. */
  split(measured: ReadonlyMap<string, Measured>): void;
  blank(): void;
}

export type Tone = 'plain' | 'good' | 'bad' | 'quiet' | 'asks';

const CODES: Record<Tone, string> = { plain: '0', good: '32', bad: '31', quiet: '2', asks: '33' };
const TOPIC_WIDTH = 10;
const BAR_WIDTH = 30;
const INDENT = ' '.repeat(TOPIC_WIDTH + 11);

export function createPage(out: NodeJS.WritableStream, isTerminal: boolean, columns: number): Page {
  const began = Date.now();
  const paint = (code: string, text: string): string => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);
  const write = (text: string): void => void out.write(`${text}\n`);
  const width = Math.min(Math.max(columns, 60), 120);

  function line(topic: string, text: string, tone: Tone = 'plain'): void {
    const seconds = Math.floor((Date.now() - began) / 1_000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    write(
      `  ${paint('2', clock.padStart(6))}  ${paint(CODES[tone], topic.padEnd(TOPIC_WIDTH))} ${tone === 'quiet' ? paint('2', text) : text}`,
    );
  }

  return {
    line,
    intro: (text) => write(`\n  ${paint('1', text)}`),
    chapter: (title, subtitle) => {
      const rule = '─'.repeat(Math.max(width - title.length - subtitle.length - 8, 4));
      write(`\n  ${paint('1', title)}  ${subtitle} ${paint('2', rule)}`);
    },
    note: (text) => {
      for (const part of wrap(text, width - INDENT.length)) write(`${INDENT}${part}`);
    },
    split: (measured) => {
      const versions = [...measured].toSorted(([a], [b]) => Number(a) - Number(b));
      const all = versions.reduce((sum, [, { requests }]) => sum + requests, 0);
      for (const [index, [version, counts]] of versions.entries()) {
        const share = all === 0 ? 0 : counts.requests / all;
        const filled = Math.round(share * BAR_WIDTH);
        const bar =
          paint(index === 0 ? '36' : '35', '█'.repeat(filled)) + paint('2', '·'.repeat(BAR_WIDTH - filled));
        const failed =
          counts.failures === 0
            ? paint('2', 'none failed')
            : paint('31', `${counts.failures} failed (${percent(counts.failures / counts.requests)})`);
        const text = `version ${version} ${bar} ${percent(share).padStart(7)}  ${String(counts.requests).padStart(4)} requests, ${failed}`;
        if (index === 0) line('measured', text, 'quiet');
        else write(`${INDENT}${text}`);
      }
    },
    blank: () => write(''),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
