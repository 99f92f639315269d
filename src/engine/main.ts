/** The engine's process: reads its surroundings, starts the engine, tells the supervisor, ends in order. */
import { ConfigError, loadConfig, loadCredentials, type Config } from '../platform/config.ts';
import { closeInheritedDescriptors } from '../platform/descriptors.ts';
import { ensureError } from '../platform/errors.ts';
import { announceReady, createLifecycle } from '../platform/lifecycle.ts';
import { createLog, type Logger } from '../platform/log.ts';
import { startEngine } from './engine.ts';
import { createRunner } from './invoke/runner.ts';

/** EX_CONFIG of sysexits.h: starting again changes nothing, a person must. */
const EXIT_CONFIG = 78;
/** Above the drain of calls and counters together, so that it ends hangs only. */
const FORCE_EXIT_MS = 6_000;

async function run(config: Config, log: Logger): Promise<void> {
  const credentials = loadCredentials(config);
  const lifecycle = createLifecycle(log, FORCE_EXIT_MS);
  const runner = createRunner({
    home: config.home,
    sandbox: config.sandbox,
    region: config.region,
    accountId: credentials.accountId,
    secrets: [credentials.accessKeySecret, credentials.adminToken],
    log,
    interpreters: config.runtimes,
    cache: config.cache,
    fetchRuntimes: config.fetchRuntimes,
    limits: {
      ...(config.instances === undefined ? {} : { instances: config.instances }),
      ...(config.functionMemoryMb === undefined ? {} : { memoryMb: config.functionMemoryMb }),
      ...(config.waitingRuntimes === undefined ? {} : { waiting: config.waitingRuntimes }),
    },
  });
  await startEngine({ config, credentials, log, lifecycle, runner });
  log.info(`Function Compute API on ${config.listenHost}:${config.enginePort}`);
  if (config.engineTlsPort !== undefined)
    log.info(`custom domains by HTTPS on ${config.listenHost}:${config.engineTlsPort}`);
  announceReady();
}

/** Says why there is no start, in words where a person can mend it, and gives the exit code. */
function explain(error: Error, config: Config, log: Logger): number {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened on ${config.listenHost} (${code})`;
    const isTls = (error as { port?: number }).port === config.engineTlsPort;
    const [port, variable] = isTls
      ? [config.engineTlsPort, 'SLUICE_ENGINE_TLS_PORT']
      : [config.enginePort, 'SLUICE_ENGINE_PORT'];
    log.fatal(`port ${port} ${why}; set ${variable} to a free one`);
    return EXIT_CONFIG;
  }
  if (error instanceof ConfigError) {
    log.fatal(error.message);
    return EXIT_CONFIG;
  }
  log.fatal({ err: error }, 'the engine cannot start');
  return 1;
}

closeInheritedDescriptors();
try {
  const config = loadConfig();
  const log = createLog('engine', config.logLevel);
  await run(config, log).catch((thrown: unknown) => {
    process.exit(explain(ensureError(thrown), config, log));
  });
} catch (thrown) {
  if (!(thrown instanceof ConfigError)) throw thrown;
  // Without a configuration there is no log level; this one line must be seen all the same.
  createLog('engine', 'info').fatal(thrown.message);
  process.exit(EXIT_CONFIG);
}
