import { describe, expect, test } from 'vitest';
import { readLogLine } from './log-line.ts';

describe('readLogLine', () => {
  test('leaves a JSON line as it is, and finds level, message and error', () => {
    const line = '{"level":50,"part":"api","msg":"query failed","err":{"message":"connection refused"}}';
    expect(readLogLine('api', line, 1)).toEqual({
      level: 50,
      message: 'query failed: connection refused',
      json: line,
      isRaw: false,
    });
  });

  test('reads levels that are words — Temporal writes them so', () => {
    expect(readLogLine('temporal', '{"level":"error","msg":"boom","error":"disk full"}', 1)).toMatchObject({
      level: 50,
      message: 'boom: disk full',
    });
  });

  test('does not take a failed query for a fault of PostgreSQL — its client reports it', () => {
    expect(readLogLine('postgres', 'ERROR:  duplicate key value', 1).level).toBe(30);
    expect(readLogLine('postgres', 'PANIC:  could not write to file', 1).level).toBe(60);
  });

  test('makes one JSON line of text, with time and part', () => {
    const { json, level, isRaw } = readLogLine('engine', 'Error: "x" is {broken', 1_000);
    expect(JSON.parse(json)).toEqual({
      level: 40,
      time: 1_000,
      part: 'engine',
      msg: 'Error: "x" is {broken',
    });
    expect({ level, isRaw }).toEqual({ level: 40, isRaw: true });
  });

  test('takes text that only looks like JSON as text', () => {
    expect(readLogLine('worker', '{ not json', 1)).toMatchObject({ message: '{ not json', isRaw: true });
  });
});
