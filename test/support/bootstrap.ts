/** Packages of custom runtimes: a program `bootstrap`, which may be a server in Node.js. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Revision } from '../../src/engine/invoke/contract.ts';
import type { FunctionRunner } from './function-runner.ts';

/** A package with an executable program `bootstrap`. */
export function defineBootstrap(
  functions: FunctionRunner,
  bootstrap: string,
  settings: Partial<Revision> = {},
): Revision {
  const revision = functions.define({ bootstrap }, { runtime: 'custom', handler: 'any', ...settings });
  chmodSync(join(revision.codeFolder, 'bootstrap'), 0o755);
  return revision;
}

/**
 * A bootstrap in Node.js.
 *
 * @param answer statements for each request; they have `request`, its whole `body` and `response`
 * @param before statements before the server is made
 * @param listen statements that have `server`
 */
export function serverBootstrap(
  answer: string,
  before = '',
  listen = "server.listen(process.env.FC_SERVER_PORT, '0.0.0.0');",
): string {
  return `#!/usr/bin/env node
const http = require('http');
${before}
const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => { const body = Buffer.concat(pieces); ${answer} });
});
${listen}
`;
}
