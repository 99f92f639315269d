/**
 * The archive of loaded classes that halves the start of an instance (application class data sharing): the JVM writes
 * it when an instance that was shown one call of each kind ends. Once per shim and JRE, in a sandbox like the
 * instances' own, because an archive is good only for the very paths it was made with. Without one everything works.
 */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { sandboxCommand, type Mount } from '../../../platform/sandbox.ts';
import { encodeCall, encodeFrame, PROTOCOL_VERSION, ToInstance, type StartMessage } from '../protocol.ts';
import type { Jre } from './jre.ts';

/** The first JDK whose JVM writes archives of an application's run by itself. */
const SINCE = 13;
const LIMIT_MS = 60_000;
const OUT = '/out';
const USER = 65_534;
const CALL = { requestId: 'training', qualifier: 'LATEST', retryCount: 0, isProbe: false };
const HTTP_HEAD = {
  method: 'GET',
  path: '/',
  uri: '/?a=b',
  base: '',
  query: 'a=b',
  clientIp: '127.0.0.1',
  headers: [['host', 'localhost']],
};

/** File of a JRE's archive in the shim's folder. */
export function archiveName(jre: Jre): string {
  return `${jre.version}.jsa`;
}

/**
 * Makes the archive unless it is there or this JRE cannot.
 *
 * @param folder the built shim on the host
 * @param inside the same in the sandbox; `mounts` show it there
 * @param command the JVM's command line without the archive: interpreter, options, then the rest
 */
export async function makeArchive(
  jre: Jre,
  folder: string,
  inside: string,
  mounts: readonly Mount[],
  command: { readonly java: string; readonly options: readonly string[]; readonly rest: readonly string[] },
): Promise<void> {
  const file = join(folder, archiveName(jre));
  if (jre.major < SINCE || existsSync(file)) return;
  const work = mkdtempSync(join(folder, '.part-'));
  try {
    // Written by the sandbox's user.
    chmodSync(work, 0o777);
    const out = `${OUT}/archive`;
    await train(
      inside,
      [...mounts],
      [command.java, `-XX:ArchiveClassesAtExit=${out}`, ...command.options, ...command.rest],
      work,
    );
    if (!existsSync(join(work, 'archive'))) return;
    // A copy, because the file itself belongs to the sandbox's user, who could change it later.
    copyFileSync(join(work, 'archive'), join(work, 'copy'));
    chmodSync(join(work, 'copy'), 0o644);
    renameSync(join(work, 'copy'), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs an instance on the shim's own sample functions; the last of them ends it. */
function train(
  inside: string,
  readOnly: Mount[],
  command: readonly [string, ...string[]],
  work: string,
): Promise<void> {
  const { file, args, env, cwd } = sandboxCommand({
    uid: USER,
    gid: USER,
    network: 'none',
    readOnly,
    writable: [{ from: work, to: OUT }],
    scratch: [],
    env: { LANG: 'C.UTF-8' },
    cwd: '/',
    command,
  });
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env,
      cwd,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      timeout: LIMIT_MS,
    });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
    const channel = child.stdio[3] as Socket;
    channel.on('error', () => channel.destroy());
    const start = startMessage(inside, 'sluice.training.Sample::handleRequest');
    channel.write(encodeFrame(ToInstance.start, 0, Buffer.from(JSON.stringify(start))));
    channel.write(encodeCall(ToInstance.invoke, 1, CALL, Buffer.from('{"name":"training"}'), true));
    channel.write(encodeCall(ToInstance.http, 2, CALL, Buffer.alloc(0), true, JSON.stringify(HTTP_HEAD)));
    channel.resume();
  });
}

function startMessage(codeFolder: string, handler: string): StartMessage {
  return {
    protocol: PROTOCOL_VERSION,
    runtime: 'java8',
    handler,
    initializer: '',
    hooks: { preFreeze: '', preStop: '' },
    instanceConcurrency: 1,
    maxPayloadBytes: 1024 * 1024,
    codeFolder,
    context: {
      credentials: { accessKeyId: '', accessKeySecret: '', securityToken: '' },
      function: { name: 'f', handler, memory: 128, timeout: 3, initializer: '', initializationTimeout: 3 },
      service: { name: 's', logProject: '', logStore: '', versionId: '' },
      region: '',
      accountId: '',
    },
  };
}
