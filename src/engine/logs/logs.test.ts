import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../platform/log.ts';
import { FileSink, FILE_SINK_DEFAULTS } from './file.ts';
import { CUT_MARK, MAX_LINE_BYTES, type LogLine } from './line.ts';
import { LineSplitter } from './lines.ts';
import { RecentLines } from './recent.ts';
import { CallTail } from './tail.ts';

const line = (message: string, functionName = 'f'): LogLine => ({
  timeMs: 0,
  source: {
    service: 's',
    function: functionName,
    versionId: '3',
    instanceId: 'c-1',
    logProject: '',
    logStore: '',
  },
  qualifier: 'PROD',
  requestId: 'r',
  message,
});

describe('LineSplitter', () => {
  function split(chunks: (string | Buffer)[]): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter();
    for (const chunk of chunks) splitter.push(Buffer.from(chunk), (each) => lines.push(each));
    splitter.end((each) => lines.push(each));
    return lines;
  }

  test('joins a line over chunks, also within a character', () => {
    const bytes = Buffer.from('aé\nb');
    expect(split([bytes.subarray(0, 2), bytes.subarray(2)])).toEqual(['aé', 'b']);
  });

  test('keeps empty lines and takes CRLF as one break', () => {
    expect(split(['a\r\n\nb\n'])).toEqual(['a', '', 'b']);
  });

  test('cuts a line without end once, with a mark, and goes on at the next line', () => {
    const part = 'x'.repeat(MAX_LINE_BYTES);
    const lines = split([part, part, part, 'end\nnext\n']);
    expect(lines).toEqual([part + CUT_MARK, 'next']);
  });

  test('throws the rest of a cut line away also behind an end that was set before it came', () => {
    const lines: string[] = [];
    const take = (line: string) => lines.push(line);
    const splitter = new LineSplitter();
    splitter.push(Buffer.alloc(MAX_LINE_BYTES + 1, 'x'), take);
    splitter.end(take);
    splitter.push(Buffer.from('rest\nnext\n'), take);
    expect(lines.slice(1)).toEqual(['next']);
  });
});

describe('RecentLines', () => {
  test('keeps the newest lines of each function', () => {
    const recent = new RecentLines({ lines: 3, characters: 1_000, functions: 10 });
    for (let index = 0; index < 20; index += 1) recent.write(line(String(index)));
    recent.write(line('other', 'g'));
    expect(recent.of('s', 'f').map((each) => each.message)).toEqual(['17', '18', '19']);
    expect(recent.of('s', 'g')).toHaveLength(1);
  });

  test('is bounded in size too — lines can be long', () => {
    const recent = new RecentLines({ lines: 100, characters: 25, functions: 10 });
    for (let index = 0; index < 10; index += 1) recent.write(line('0123456789'));
    expect(recent.of('s', 'f')).toHaveLength(2);
  });

  test('forgets the function that was seen first when there are too many', () => {
    const recent = new RecentLines({ lines: 3, characters: 100, functions: 2 });
    for (const name of ['a', 'b', 'c']) recent.write(line('x', name));
    expect([recent.of('s', 'a'), recent.of('s', 'c')].map((lines) => lines.length)).toEqual([0, 1]);
  });
});

describe('CallTail', () => {
  test('ends with the summary and has at most 4096 bytes', () => {
    const tail = new CallTail();
    for (let index = 0; index < 1_000; index += 1) tail.add(`line ${index} é`);
    const text = tail.finish(3.917, 128, 48.84);
    expect(text.length).toBeLessThanOrEqual(4_096);
    expect(text.toString()).toMatch(
      /line 999 é\nDuration: 3\.92 ms, Billed Duration: 4 ms, Memory Size: 128 MB, Max Memory Used: 48\.84 MB\n$/,
    );
  });
});

describe('FileSink', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  function createSink(options: Partial<typeof FILE_SINK_DEFAULTS> | object): {
    sink: FileSink;
    folder: string;
  } {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
    folders.push(folder);
    const log = createLog('test', 'silent');
    return { sink: new FileSink({ ...FILE_SINK_DEFAULTS, ...options, folder, log }), folder };
  }

  test('writes what it was given when it closes, for its owner only', async () => {
    const { sink, folder } = createSink({});
    sink.write(line('hello'));
    await sink.close();
    const path = join(folder, 'functions.log');
    expect(readFileSync(path, 'utf8')).toBe('1970-01-01T00:00:00.000Z\ts/f\t3\tc-1\tr\thello\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('rotates and keeps a fixed number of files', async () => {
    const { sink, folder } = createSink({ maxFileBytes: 10, files: 2, flushMs: 1 });
    for (let round = 0; round < 5; round += 1) {
      sink.write(line(`round ${round}`));
      await expect
        .poll(() =>
          readdirSync(folder)
            .map((name) => readFileSync(join(folder, name), 'utf8'))
            .join(),
        )
        .toContain(`round ${round}`);
    }
    await sink.close();
    expect(
      readdirSync(folder)
        .filter((name) => name !== 'functions.log')
        .sort(),
    ).toEqual(['functions.log.1', 'functions.log.2']);
  });

  test('drops and counts what the disk cannot take — memory stays bounded', async () => {
    const { sink, folder } = createSink({ maxBacklog: 1_000 });
    for (let index = 0; index < 100; index += 1) sink.write(line('x'));
    await sink.close();
    const text = readFileSync(join(folder, 'functions.log'), 'utf8');
    expect(text).toMatch(/\t\d+ lines dropped: the disk is too slow\n/);
    expect(text.split('\n').length).toBeLessThan(20);
  });
});
