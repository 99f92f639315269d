/** Where this clone and its shared cache are, and which Node.js is too old. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 12];

/** Folder of the clone. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Ends the process where this Node.js cannot run Sluice: without this check the first error would be a riddle. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  console.error(`Sluice needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
  console.error('Install a newer one (https://nodejs.org, or: nvm install 20) and start again.');
  process.exit(1);
}

/** Merges `.env` of the working directory under the environment, as the compiled code does later. */
export function readDotEnv() {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/** Folder for downloads and built servers, shared by clones and homes (`SLUICE_CACHE`). */
export function cacheFolder() {
  return resolve(process.env.SLUICE_CACHE || join(homedir(), '.cache', 'sluice'));
}
