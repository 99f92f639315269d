/**
 * The Temporal server built by the local Go from `tools/temporal`, whose go.sum pins every module by hash. Takes minutes
 * and gigabytes of Go caches: where the user has none of their own, they are made below the cache and removed again.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, lastLines, run } from './command.mjs';
import { ROOT } from './root.mjs';

const MODULE = join(ROOT, 'tools', 'temporal');
const COMMAND = 'github.com/temporalio/cli/cmd/temporal';
const DOWNLOAD_MS = 5 * 60_000;
const BUILD_MS = 20 * 60_000;
/** Older ones can neither read the `tool` line nor fetch a newer toolchain by themselves. */
const OLDEST_GO = 21;

/** @returns {Promise<{ok: boolean, said: string}>} */
export async function buildTemporal({ version, draft, binary, report }) {
  const go = findOnPath('go') ?? (existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : undefined);
  if (!go) return { ok: false, said: 'build: no Go on this machine' };
  const minor = await goMinor(go);
  if (minor < OLDEST_GO)
    return { ok: false, said: `build: ${go} is Go 1.${minor}, 1.${OLDEST_GO} or newer is needed` };
  const begun = Date.now();
  const env = await goEnvironment(go, draft);

  report(`building ${version} with Go: fetching modules`);
  const modules = await run(go, ['mod', 'download'], { cwd: MODULE, env, timeoutMs: DOWNLOAD_MS });
  if (modules.code !== 0)
    return { ok: false, said: `build: go mod download: ${lastLines(modules.output, 3)}` };

  const listed = await run(go, ['list', '-deps', COMMAND], { cwd: MODULE, env, timeoutMs: 60_000 });
  const total = listed.code === 0 ? listed.output.split('\n').length : 0;
  let compiled = 0;
  const say = () =>
    report(
      `building ${version} with Go, about 4 minutes on 2 cores${compiled ? `: ${compiled} of ${total} packages` : ''}`,
    );
  say();
  const draftBinary = join(draft, 'temporal');
  const built = await run(go, ['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', draftBinary, COMMAND], {
    cwd: MODULE,
    env,
    timeoutMs: BUILD_MS,
    onLine: () => {
      compiled += 1;
      say();
    },
  });
  if (built.code !== 0) return { ok: false, said: `build: go build: ${lastLines(built.output, 5)}` };
  renameSync(draftBinary, binary);
  return { ok: true, said: `built by Go in ${Math.round((Date.now() - begun) / 1000)} s` };
}

async function goMinor(go) {
  // Asked outside of the module, so that an old Go does not stumble over go.mod.
  const { output } = await run(go, ['env', 'GOVERSION'], { cwd: '/', timeoutMs: 10_000 });
  return Number(/go1\.(\d+)/.exec(output)?.[1] ?? 0);
}

/** The user's own flags and workspace must not change what is built. */
async function goEnvironment(go, draft) {
  const env = { ...process.env, GOFLAGS: '-buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' };
  const { output } = await run(go, ['env', 'GOCACHE', 'GOMODCACHE'], { cwd: '/', timeoutMs: 10_000 });
  const [buildCache, moduleCache] = output.split('\n');
  if (!buildCache || !existsSync(buildCache)) env.GOCACHE = join(draft, 'go-build');
  if (!moduleCache || !existsSync(moduleCache)) {
    env.GOMODCACHE = join(draft, 'go-mod');
    // Without it the module cache is read-only and cannot be removed.
    env.GOFLAGS += ' -modcacherw';
  }
  return env;
}
