/** What every command that talks to a server shares: the client, the way of printing, and how a release is named. */
import type { Command } from 'commander';
import type { ReleaseList } from '../../api/views.ts';
import { createApiClient, type ApiClient } from '../client/api-client.ts';
import { CommandError } from '../client/command-error.ts';
import { resolveTarget } from '../client/target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

export interface CommandContext {
  readonly client: ApiClient;
  readonly json: boolean;
  /** Prints `value` as JSON where `--json` was given, else `text`. */
  readonly print: (value: unknown, text: string) => void;
  /** Ends the command with this code once its action returns. */
  readonly exitWith: (code: ExitCode) => void;
}

/** Works for a command anywhere below the program: `--json` is read from each level. */
export function contextOf(command: Command): CommandContext {
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  const asJson = json === true;
  return {
    client: createApiClient(resolveTarget()),
    json: asJson,
    print: (value, text) => console.log(asJson ? JSON.stringify(value, undefined, 2) : text),
    exitWith: (code) => {
      process.exitCode = code;
    },
  };
}

/** `latest` stands for the newest release that the token may see. */
export async function releaseId(client: ApiClient, given: string): Promise<string> {
  if (given !== 'latest') return given;
  const { releases } = await client.get<ReleaseList>('/api/v1/releases', { limit: 1 });
  const newest = releases[0];
  if (!newest) throw new CommandError(EXIT.notFound, 'there is no release yet');
  return newest.id;
}

export function releasePath(id: string, rest = ''): string {
  return `/api/v1/releases/${encodeURIComponent(id)}${rest}`;
}
