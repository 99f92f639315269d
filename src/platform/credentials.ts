/**
 * Secrets that Sluice generates for itself at first start, kept in `SLUICE_HOME/credentials.json` (mode 0600).
 * Whatever the operator gives by the environment wins and is never written here.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from './whole-file.ts';

const CredentialsFile = z.object({
  /** Account that owns everything in the built-in engine; 16 digits like the cloud's. */
  accountId: z.string(),
  accessKeyId: z.string(),
  accessKeySecret: z.string(),
  /** Bearer token with role admin. */
  adminToken: z.string(),
});

export type Credentials = z.infer<typeof CredentialsFile>;

/** The stored secrets, or `undefined` where this home has none yet. */
export function readCredentials(home: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(credentialsPath(home), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return CredentialsFile.parse(JSON.parse(text));
}

/** The stored secrets; a home without any gets new ones first. Written by rename, so a kill leaves no half file. */
export function ensureCredentials(home: string): Credentials {
  const existing = readCredentials(home);
  if (existing) return existing;
  const created: Credentials = {
    accountId: Array.from({ length: 16 }, (_, index) => randomInt(index === 0 ? 1 : 0, 10)).join(''),
    accessKeyId: `LTAI${randomBytes(10).toString('hex')}`,
    accessKeySecret: randomBytes(24).toString('base64url'),
    adminToken: `slu_${randomBytes(24).toString('base64url')}`,
  };
  writeWhole(credentialsPath(home), `${JSON.stringify(created, undefined, 2)}\n`, 0o600);
  return created;
}

function credentialsPath(home: string): string {
  return join(home, 'credentials.json');
}
