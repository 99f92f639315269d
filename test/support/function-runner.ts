/** A real runner with its own home, and functions written to its own folder: real sandboxes, nothing replaced. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type {
  HttpRequestHead,
  HttpSink,
  Invocation,
  InvocationResult,
  Revision,
} from '../../src/engine/invoke/contract.ts';
import type { RunnerLimits } from '../../src/engine/invoke/runner-limits.ts';
import { createRunner, type EngineRunner } from '../../src/engine/invoke/runner.ts';
import { createLog } from '../../src/platform/log.ts';
import { writeFiles } from './write-files.ts';

export interface FunctionRunner {
  readonly runner: EngineRunner;
  readonly home: string;
  /** A revision of the given files; `index.js` and handler `index.handler` unless told otherwise. */
  define(
    files: string | Readonly<Record<string, string | Uint8Array>>,
    settings?: Partial<Revision>,
  ): Revision;
  invoke(revision: Revision, call?: Partial<Invocation>): Promise<InvocationResult>;
  /** Calls the HTTP handler with `GET /` unless told otherwise; the response as a caller gets it. */
  request(
    revision: Revision,
    head?: Partial<HttpRequestHead>,
    call?: Partial<Invocation>,
  ): Promise<FunctionResponse>;
  /** What the log of the function has now: the newest thousand lines, oldest first, messages alone. */
  lines(revision: Revision): string[];
  close(): Promise<void>;
}

/** A response, and how the call ended. `status` is 0 where no head came. */
export interface FunctionResponse {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: string;
  /** Number of pieces in which the body came. */
  readonly pieces: number;
  readonly isComplete: boolean;
  readonly result: InvocationResult;
}

export function createFunctionRunner(
  limits: Partial<RunnerLimits> = {},
  sandbox: 'on' | 'off' = 'on',
  host: { interpreters?: Readonly<Record<string, string>>; cache?: string; fetchRuntimes?: boolean } = {},
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
    interpreters: {},
    // Nothing is fetched and nothing that was is used, unless a test is about that.
    cache: join(home, 'cache'),
    fetchRuntimes: false,
    ...host,
    // Nothing waits for a function, unless a test is about that (`stocked.ts`).
    limits: { waiting: 0, ...limits },
  });
  let defined = 0;
  let called = 0;
  const invocationOf = (call: Partial<Invocation>): Invocation => {
    called += 1;
    return {
      requestId: `request-${called}`,
      qualifier: 'LATEST',
      payload: Buffer.alloc(0),
      wantsLog: true,
      retryCount: 0,
      isProbe: false,
      ...call,
    };
  };
  return {
    runner,
    home,
    define(files, settings = {}) {
      defined += 1;
      const codeFolder = join(home, 'code', String(defined));
      writeFiles(codeFolder, typeof files === 'string' ? { 'index.js': files } : files);
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
        hooks: {
          preFreeze: { handler: '', timeoutMs: 3_000 },
          preStop: { handler: '', timeoutMs: 3_000 },
        },
        memoryMb: 128,
        instanceConcurrency: 1,
        environment: {},
        server: { command: [], args: [], port: 9000, healthCheck: undefined },
        image: undefined,
        codeChecksum: '1',
        codeFolder,
        layerFolder: '',
        logProject: 'project',
        logStore: 'store',
        // Loopback only, unless a test is about that.
        internetAccess: false,
        nameResolution: undefined,
        jaegerEndpoint: '',
        ...settings,
      };
    },
    invoke: (revision, call = {}) => runner.invoke(revision, invocationOf(call)),
    async request(revision, head = {}, call = {}) {
      const { method = 'GET', path = '/', query = '', base = '' } = head;
      const uri = `${base}${path}${query === '' ? '' : `?${query}`}`;
      const sink = new CollectingSink();
      const result = await runner.request(revision, {
        ...invocationOf(call),
        head: { method, path, uri, base, query, clientIp: '127.0.0.1', headers: [], ...head },
        wantsUpgrade: false,
        sink,
      });
      const { status, headers, pieces, isComplete } = sink;
      const body = Buffer.concat(pieces).toString();
      return { status, headers, body, pieces: pieces.length, isComplete, result };
    },
    lines: (revision) => runner.recentLog(revision.service, revision.function).map(({ message }) => message),
    async close() {
      await runner.close(0);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The same for the test that is running, which closes it at its end. */
export function ownFunctionRunner(...settings: Parameters<typeof createFunctionRunner>): FunctionRunner {
  const functions = createFunctionRunner(...settings);
  onTestFinished(() => functions.close());
  return functions;
}

class CollectingSink implements HttpSink {
  status = 0;
  readonly headers: [string, string][] = [];
  readonly pieces: Buffer[] = [];
  isComplete = false;
  readonly isGone = false;

  head(status: number, headers: readonly string[]): void {
    this.status = status;
    for (let at = 0; at + 1 < headers.length; at += 2)
      this.headers.push([headers[at] ?? '', headers[at + 1] ?? '']);
  }

  piece(bytes: Buffer): void {
    this.pieces.push(bytes);
  }

  end(): void {
    this.isComplete = true;
  }

  upgrade(): void {
    throw new Error('nobody asked for another protocol');
  }

  onGone(): void {
    // This caller stays to the end.
  }
}
