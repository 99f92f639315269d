/** A real runner with its own home, and functions written to its own folder: real sandboxes, nothing replaced. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Invocation, InvocationResult, Revision } from '../../src/engine/invoke/contract.ts';
import { createRunner, type EngineRunner, type RunnerLimits } from '../../src/engine/invoke/runner.ts';
import { createLog } from '../../src/platform/log.ts';

export interface FunctionRunner {
  readonly runner: EngineRunner;
  readonly home: string;
  /** A revision of the given files; `index.js` and handler `index.handler` unless told otherwise. */
  define(
    files: string | Readonly<Record<string, string | Uint8Array>>,
    settings?: Partial<Revision>,
  ): Revision;
  invoke(revision: Revision, call?: Partial<Invocation>): Promise<InvocationResult>;
  close(): Promise<void>;
}

export function createFunctionRunner(
  limits: Partial<RunnerLimits> = {},
  sandbox: 'on' | 'off' = 'on',
): FunctionRunner {
  const home = mkdtempSync(join(tmpdir(), 'sluice-runner-'));
  const log = createLog('test', 'error');
  const runner = createRunner({
    home,
    sandbox,
    region: 'cn-test',
    accountId: '1234567890123456',
    secrets: [],
    log,
    limits,
  });
  let defined = 0;
  let called = 0;
  return {
    runner,
    home,
    define(files, settings = {}) {
      defined += 1;
      const codeFolder = join(home, 'code', String(defined));
      const all = typeof files === 'string' ? { 'index.js': files } : files;
      for (const [name, text] of Object.entries(all)) {
        mkdirSync(dirname(join(codeFolder, name)), { recursive: true });
        writeFileSync(join(codeFolder, name), text);
      }
      return {
        key: String(defined),
        service: 'shop',
        function: `f${defined}`,
        versionId: '',
        runtime: 'nodejs20',
        handler: 'index.handler',
        initializer: '',
        timeoutMs: 5_000,
        initializationTimeoutMs: 3_000,
        memoryMb: 128,
        instanceConcurrency: 1,
        environment: {},
        codeChecksum: '1',
        codeFolder,
        logProject: 'project',
        logStore: 'store',
        ...settings,
      };
    },
    invoke(revision, call = {}) {
      called += 1;
      return runner.invoke(revision, {
        requestId: `request-${called}`,
        qualifier: 'LATEST',
        payload: Buffer.alloc(0),
        wantsLog: true,
        retryCount: 0,
        isProbe: false,
        ...call,
      });
    },
    async close() {
      await runner.close(0);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
