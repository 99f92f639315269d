/** `sluice up`: the supervisor at a terminal. Signals, the sample, the ready line and the exit code are decided here. */
import { join } from 'node:path';
import { loadConfig, type Config } from '../../platform/config.ts';
import type { Credentials } from '../../platform/credentials.ts';
import { ensureError } from '../../platform/errors.ts';
import { createScreen, type Screen } from './screen.ts';
import { StartError } from './start-error.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

/** A stop that hangs for longer than the sum of all limits is ended hard. */
const HARD_STOP_MS = 9_500;

/**
 * Runs until a signal ends it.
 *
 * @param options.sample release the sample where the home is new and `SLUICE_DEMO` is not 0
 * @returns the exit code: 0 after a signal, 1 when something could not start
 */
export async function up(options: { readonly sample: boolean }): Promise<number> {
  const config = loadConfig();
  const screen = createScreen(process.stdout, process.stderr);
  let supervisor: Supervisor;
  try {
    supervisor = createSupervisor(config, screen);
  } catch (error) {
    return fail(screen, error);
  }
  const signalled = onSignal((count) => {
    if (count > 1) return supervisor.kill();
    screen.say('\nstopping …');
    void supervisor.stop();
  });
  try {
    const started = supervisor.start();
    started.catch(() => undefined);
    const running = await Promise.race([started, signalled]);
    if (running) {
      if (config.sandbox === 'off')
        screen.warn('SLUICE_SANDBOX=off: functions and builds run unsandboxed, with the rights of this user');
      if (options.sample && config.demo && running.isFresh) await sample(config, running.credentials, screen);
      announce(config, screen);
      await signalled;
    }
    setTimeout(() => process.exit(0), HARD_STOP_MS).unref();
    await supervisor.stop();
    return 0;
  } catch (error) {
    await supervisor.stop();
    return fail(screen, error);
  }
}

/** A sample that fails is told and does not take down what runs. */
async function sample(config: Config, credentials: Credentials, screen: Screen): Promise<void> {
  try {
    const { runDemo } = await import('../demo/demo.ts');
    await runDemo({ config, credentials, out: process.stdout });
  } catch (error) {
    screen.warn(`the sample did not get to its end: ${ensureError(error).message}`);
  }
}

function announce(config: Config, screen: Screen): void {
  const token = process.env['SLUICE_ADMIN_TOKEN']
    ? 'SLUICE_ADMIN_TOKEN'
    : `adminToken of ${join(config.home, 'credentials.json')}`;
  screen.say(
    screen.dim(`\n  sign in with the ${token}; logs are in ${join(config.home, 'logs')}; Ctrl-C stops all\n`),
  );
  screen.say(`sluice ready: ${screen.bold(config.publicUrl)}`);
}

function onSignal(act: (count: number) => void): Promise<undefined> {
  let count = 0;
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => {
        count += 1;
        act(count);
        resolve(undefined);
      });
  });
}

function fail(screen: Screen, error: unknown): number {
  if (!(error instanceof StartError)) throw error;
  screen.warn(`Sluice cannot start: ${error.message}`);
  return 1;
}
