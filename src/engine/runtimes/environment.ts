/** The environment of an instance (runtimes.md §9): everything that user code sees, nothing of the host's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Revision } from '../invoke/contract.ts';
import type { Credentials } from './protocol.ts';
import type { Runtime } from './runtime.ts';

export interface EnvironmentOptions {
  readonly revision: Revision;
  readonly runtime: Runtime;
  readonly credentials: Credentials;
  readonly instanceId: string;
  /** Of the call that caused the start. */
  readonly qualifier: string;
  readonly region: string;
  readonly accountId: string;
  /** Variables of a container's image; `undefined` where the function runs on this host's system. */
  readonly image: Readonly<Record<string, string>> | undefined;
  /** Where the function's server listens; told to all. */
  readonly port: number;
  /** The code as the process sees it, `/code` in a sandbox. */
  readonly codeFolder: string;
}

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';
/** Names that a function's configuration may not define. */
const RESERVED = /^(FC_|accessKeyID$|accessKeySecret$|securityToken$|topic$)/;
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

export function instanceEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { revision, runtime, credentials, codeFolder } = options;
  const env: Record<string, string> = {
    FC_FUNC_CODE_PATH: `${codeFolder}/`,
    FC_SERVER_PORT: String(options.port),
    FC_FUNCTION_NAME: revision.function,
    FC_FUNCTION_HANDLER: revision.handler,
    FC_FUNCTION_MEMORY_SIZE: String(revision.memoryMb),
    FC_SERVICE_NAME: revision.service,
    FC_ACCOUNT_ID: options.accountId,
    FC_REGION: options.region,
    FC_QUALIFIER: options.qualifier,
    FC_VER_ID: revision.versionId,
    FC_INSTANCE_ID: options.instanceId,
    FC_RUNTIME_VERSION: runtime.state.state === 'missing' ? '' : runtime.state.version,
    ...commonEnvironment(runtime, codeFolder),
  };
  if (options.image) overlayImage(env, options.image);
  else if (existsSync(join(revision.codeFolder, '.fun'))) addFunFolders(env, `${codeFolder}/.fun`);
  if (runtime.protocol === 'http') env['FC_CUSTOM_LISTEN_PORT'] = String(options.port);
  // Without a service role there are none; an empty key would mislead the SDKs' own search for credentials.
  if (credentials.accessKeyId !== '') {
    env['accessKeyID'] = env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = credentials.accessKeyId;
    env['accessKeySecret'] = env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = credentials.accessKeySecret;
    env['securityToken'] = env['ALIBABA_CLOUD_SECURITY_TOKEN'] = credentials.securityToken;
  }
  for (const [name, value] of Object.entries(revision.environment)) {
    // The catalog refuses such names; a row that predates a rule must not break the start or reach the shell.
    if (NAME.test(name) && !RESERVED.test(name) && !value.includes('\0')) env[name] = value;
  }
  return env;
}

/** What all functions of a runtime find alike, unless their settings or their code say otherwise. */
export function commonEnvironment(runtime: Runtime, codeFolder: string): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    HOME: '/tmp',
    TZ: 'UTC',
    LD_LIBRARY_PATH: `${codeFolder}:${codeFolder}/lib:/usr/local/lib:/opt/lib`,
    PATH: [...runtime.path, SYSTEM_PATH, codeFolder, `${codeFolder}/node_modules/.bin`, '/opt/bin'].join(':'),
    ...runtime.environment(codeFolder),
  };
}

/** A container's programs and libraries are where its image says. */
function overlayImage(env: Record<string, string>, image: Readonly<Record<string, string>>): void {
  delete env['LD_LIBRARY_PATH'];
  env['PATH'] = SYSTEM_PATH;
  for (const [name, value] of Object.entries(image))
    if (NAME.test(name) && !RESERVED.test(name)) env[name] = value;
}

/** Where Funcraft's `fun install` puts system packages, Python packages and Node modules of a function. */
function addFunFolders(env: Record<string, string>, folder: string): void {
  const root = `${folder}/root`;
  const programs = ['usr/local/bin', 'usr/local/sbin', 'usr/bin', 'usr/sbin', 'sbin', 'bin'];
  const libraries = ['usr/lib', 'usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'];
  env['PATH'] = [
    ...programs.map((path) => `${root}/${path}`),
    `${folder}/python/bin`,
    `${folder}/node_modules/.bin`,
    env['PATH'],
  ].join(':');
  env['LD_LIBRARY_PATH'] = [...libraries.map((path) => `${root}/${path}`), env['LD_LIBRARY_PATH']].join(':');
  env['PYTHONUSERBASE'] = `${folder}/python`;
}
