/**
 * Which Sluice a command talks to, and as whom: `SLUICE_URL` and `SLUICE_TOKEN`, else the installation of this machine
 * with the administrator's token of its home. That token never goes to another machine.
 */
import { join } from 'node:path';
import { loadConfig } from '../../platform/config.ts';
import { readCredentials } from '../../platform/credentials.ts';
import { EXIT } from '../exit-codes.ts';
import { CommandError } from './command-error.ts';

export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** @throws CommandError when there is no token to use */
export function resolveTarget(env: NodeJS.ProcessEnv = process.env): Target {
  const config = loadConfig();
  const url = config.publicUrl.replace(/\/+$/, '');
  const given = env['SLUICE_TOKEN'];
  if (given) return { url, token: given };
  const isHere = LOOPBACK.has(new URL(url).hostname);
  const stored = isHere ? env['SLUICE_ADMIN_TOKEN'] || readCredentials(config.home)?.adminToken : undefined;
  if (stored) return { url, token: stored };
  throw new CommandError(
    EXIT.unauthenticated,
    isHere
      ? `no token: SLUICE_TOKEN is not set and ${join(config.home, 'credentials.json')} does not exist. Is Sluice running with another SLUICE_HOME?`
      : `no token for ${url}: set SLUICE_TOKEN (the administrator's token of this machine is not sent to others)`,
  );
}
