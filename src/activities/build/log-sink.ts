/**
 * A stage's log on its way to the table: line by line, in batches, with secrets masked, and the last lines kept for
 * the event of a failure.
 */
import { addLogLines, type LogLine, type LogStream } from '../../store/logs.ts';
import { findProjectForWebhook } from '../../store/projects.ts';
import type { Parts } from '../parts.ts';
import type { Subject } from '../release-subject.ts';
import { masker } from '../../platform/mask.ts';

const FLUSH_MS = 250;
const BATCH = 200;
const TAIL = 50;
/** A longer line is cut: it is data, not a message. Characters. */
const LINE_LIMIT = 4_000;

export interface StageLog {
  write(stream: LogStream, line: string): void;
  /** A line of Sluice itself. */
  note(line: string): void;
  /** The text without the secrets of the release, as every line of the log is: for what is told beside the log. */
  mask(text: string): string;
  /** The last lines, 50 at most. */
  tail(): readonly string[];
  /** Stores what is left. */
  close(): Promise<void>;
}

/** Opens the log of a stage; close it, whatever happens. */
export async function openLog(
  { db, secrets, log }: Parts,
  subject: Subject,
  stage: string,
): Promise<StageLog> {
  const { release, project } = subject;
  const webhook = await findProjectForWebhook(db, project.name);
  const mask = masker([...secrets, webhook?.webhookSecret ?? '']);
  let waiting: LogLine[] = [];
  let tail: string[] = [];
  let storing = Promise.resolve();

  function flush(): void {
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    // A database that is away for a moment must not fail a build; what people read first is the event's tail.
    storing = storing
      .then(() => addLogLines(db, release.id, lines))
      .catch((error: unknown) =>
        log.warn({ err: error, releaseId: release.id, lines: lines.length }, 'log lines could not be stored'),
      );
  }
  const timer = setInterval(flush, FLUSH_MS);

  function write(stream: LogStream, line: string): void {
    const masked = mask(line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)} …` : line);
    waiting.push({ stage, at: Date.now(), stream, line: masked });
    tail = [...tail.slice(1 - TAIL), masked];
    if (waiting.length >= BATCH) flush();
  }
  return {
    write,
    note: (line) => write('note', line),
    mask,
    tail: () => tail,
    close: async () => {
      clearInterval(timer);
      flush();
      await storing;
    },
  };
}
