/**
 * TypeScript to `dist/`, and the workflows to one file that the worker loads. Both are skipped while their inputs are
 * the ones of the last time, by content: a warm start must not pay for a compiler.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lastLines, run } from './command.mjs';
import { StepError } from './progress.mjs';
import { ROOT } from './root.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.inputs.json');
const BUNDLE = join(DIST, 'workflow-bundle.js');
const TYPESCRIPT = /\.tsx?$/;
const TEST = /\.test\.tsx?$/;

/** Compiles what changed; answers what was done. */
export async function compile(report) {
  mkdirSync(DIST, { recursive: true });
  const before = readStamp();
  const source = filesBelow(join(ROOT, 'src')).filter((path) => TYPESCRIPT.test(path) && !TEST.test(path));
  const settings = ['package-lock.json', 'tsconfig.json'].map((name) => join(ROOT, name));
  const typescript = hashOf([...source, ...settings]);
  const done = [];
  if (before.typescript !== typescript || !existsSync(join(DIST, 'cli', 'main.js'))) {
    report(`TypeScript, ${source.length} files`);
    await runTypeScript();
    removeOrphans(source);
    done.push(`${source.length} TypeScript files`);
  }
  const rooms = ['workflows', 'domain'].flatMap((room) => filesBelow(join(DIST, room)));
  const workflows = hashOf([...rooms.filter((path) => path.endsWith('.js')), settings[0]]);
  if (before.workflows !== workflows || !existsSync(BUNDLE)) {
    report('workflow bundle');
    await bundleWorkflows();
    done.push('workflow bundle');
  }
  if (done.length === 0) return 'up to date';
  writeFileSync(STAMP, JSON.stringify({ typescript, workflows }));
  return done.join(', ');
}

async function runTypeScript() {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(process.execPath, [tsc, '-p', 'tsconfig.json', '--pretty', 'false'], {
    cwd: ROOT,
  });
  if (code !== 0)
    throw new StepError(
      `TypeScript found errors:\n${lastLines(output, 40)}`,
      'mend them, then start again ("npm run check" shows all).',
    );
}

async function bundleWorkflows() {
  const { code, output } = await run(
    process.execPath,
    [join(ROOT, 'bootstrap', 'bundle-workflows.mjs'), BUNDLE],
    { cwd: ROOT },
  );
  if (code !== 0)
    throw new StepError(
      `the workflows cannot be bundled:\n${lastLines(output, 30)}`,
      'workflows may import only deterministic code (domain/, workflows/, @temporalio/workflow).',
    );
}

/** A source file that is gone must not live on as its compiled twin. */
function removeOrphans(source) {
  const expected = new Set(
    source.map((path) => relative(join(ROOT, 'src'), path).replace(TYPESCRIPT, '.js')),
  );
  for (const path of filesBelow(DIST)) {
    const name = relative(DIST, path).replace(/\.map$/, '');
    if (name.includes('/') && name.endsWith('.js') && !expected.has(name)) rmSync(path);
  }
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash.update(relative(ROOT, path)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}
