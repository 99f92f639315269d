/** `docs/fc-compatibility.md` against the router of a running engine: what it promises is there, what is there it names. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

interface Row {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly state: string;
}

const ROW = /^\| (\w[\w ]*?) +\| (\w+) (\/\S+) +\| (works|differs|missing) +\|/;
const rows: Row[] = readFileSync(new URL('../docs/fc-compatibility.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, operation, method, path, state] = ROW.exec(line) ?? [];
    return operation && method && path && state ? [{ operation, method, path, state }] : [];
  });

let engine: TestEngine;
/** `Operation METHOD /path` of everything that the router knows, without the engine's own additions. */
let served: string[];

beforeAll(async () => {
  engine = await startTestEngine();
  const answer = await send(engine.process, { path: '/openapi.json', isSigned: false });
  const document = answer.json() as unknown as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  served = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { operationId }]) =>
        `${operationId} ${method.toUpperCase()} ${path.slice('/2016-08-15'.length)}`,
    ),
  );
});
afterAll(() => engine.close());

const lineOf = ({ operation, method, path }: Row): string => `${operation} ${method} ${path}`;

test('every operation of the API has its row — 67 in all', () => {
  expect(rows.map(({ operation }) => operation)).toHaveLength(67);
  expect(new Set(rows.map(lineOf)).size).toBe(rows.length);
});

test('what the table calls served is in the router, and the other way round', () => {
  const said = rows.filter(({ state, method }) => state !== 'missing' && method !== 'any').map(lineOf);
  expect(said.toSorted()).toEqual(served.filter((line) => !line.includes(' /_sluice/')).toSorted());
});

test('what it calls missing is refused as unknown', async () => {
  for (const { method, path, state } of rows) {
    if (state !== 'missing') continue;
    const answer = await send(engine.process, {
      method,
      path: `/2016-08-15${path.replaceAll(/\{\w+\}/g, 'x')}`,
    });
    expect([path, answer.status, answer.json().ErrorCode]).toEqual([path, 400, 'PathNotSupported']);
  }
});
