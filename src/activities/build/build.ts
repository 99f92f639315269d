/**
 * The build stage: the commands that the plan declares, in a copy of the checkout, and then each function's code
 * folder with its dependencies. What is built is a folder with its final name; a repeated call finds it.
 */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeFolder, ManifestFunction } from '../../domain/manifest/model.ts';
import { familyOf } from '../../domain/names/runtimes.ts';
import { FAILURES } from '../../domain/release/failures.ts';
import { beating } from '../beating.ts';
import type { Activities } from '../contract.ts';
import { finalFailure, invalid } from '../failure.ts';
import { makeFolder, workFolders } from '../folders.ts';
import type { Parts } from '../parts.ts';
import { subjectOf, type Subject } from '../release-subject.ts';
import { ensureCheckout } from '../source/checkout.ts';
import { pathInside } from '../source/inside.ts';
import { readWanted, type Wanted } from '../source/wanted.ts';
import { inTurn } from '../turns.ts';
import { copyCode } from './copy.ts';
import { installDependencies } from './dependencies.ts';
import { isMavenProject, packageByMaven } from './maven-package.ts';
import { isPrebuilt, takePrebuilt } from './prebuilt.ts';
import { installPythonPackages } from './python-packages.ts';
import { openLog, type StageLog } from './log-sink.ts';
import { requireSandbox, runBuildCommand } from './run-in-sandbox.ts';

/** What every step of a build, and a hook, works with. */
export interface Job {
  readonly subject: Subject;
  readonly wanted: Wanted;
  readonly checkout: string;
  readonly log: StageLog;
  readonly signal: AbortSignal;
}

export function buildActivities(
  parts: Parts,
): Pick<Activities, 'prepareTree' | 'runCommand' | 'buildFunction'> {
  return {
    prepareTree: ({ releaseId }) =>
      withJob(parts, releaseId, async (job) => ({ summary: await prepareTree(parts, job) })),
    runCommand: ({ releaseId, group, index }) =>
      withJob(parts, releaseId, async (job) => ({ summary: await runCommand(parts, job, group, index) })),
    buildFunction: ({ releaseId, service, function: name }) =>
      withJob(parts, releaseId, async (job) => ({
        summary: await ensureBuilt(parts, job, service, functionOf(job.wanted, service, name)),
      })),
  };
}

/** Gathers what every step of a build needs, with heartbeats and a log around it. */
export function withJob<T>(
  parts: Parts,
  releaseId: string,
  work: (job: Job) => Promise<T>,
  stage = 'build',
): Promise<T> {
  return beating(async (signal) => {
    const subject = await subjectOf(parts.db, releaseId);
    const { folder: checkout } = await ensureCheckout(parts, subject, signal);
    const wanted = await readWanted(checkout, subject, parts.regions);
    const log = await openLog(parts, subject, stage);
    try {
      return await work({ subject, wanted, checkout, log, signal });
    } finally {
      await log.close();
    }
  });
}

/** Builds one function unless it is built already. */
export async function ensureBuilt(
  parts: Parts,
  job: Job,
  service: string,
  wanted: ManifestFunction,
): Promise<string> {
  const title = `${service}/${wanted.name}`;
  const { code } = wanted;
  if (!('path' in code)) return `${title}: an image, nothing to build`;
  const target = workFolders(parts.home, job.subject.release.id).function(service, wanted.name);
  return inTurn(target, async () => {
    if (existsSync(target)) return `${title}: built already`;
    return `${title}: ${await build(parts, job, target, { ...wanted, code })}`;
  });
}

async function build(
  parts: Parts,
  job: Job,
  target: string,
  wanted: ManifestFunction & { readonly code: CodeFolder },
): Promise<string> {
  const { subject, log, signal } = job;
  requireSandbox(parts.sandbox);
  const root = job.wanted.plan.stages.length > 0 ? await ensureTree(parts, job) : job.checkout;
  const code = await pathInside(root, wanted.code.path);
  const where = `${wanted.at.file}:${wanted.at.line}`;
  if (code === undefined || !(await stat(code)).isDirectory())
    throw invalid(`${where}: ${wanted.code.path} is not a folder of the repository`);
  let summary = '';
  await makeFolder(target, async (draft) => {
    await copyCode(code, draft);
    log.note(`${wanted.name}: code from ${wanted.code.path}`);
    const { runtime, customRuntimeConfig, environmentVariables } = wanted.config;
    const family = familyOf(runtime);
    const work = { folder: draft, project: subject.project.name, withDev: false, log, signal };
    if (family === 'java' && (await isMavenProject(draft))) {
      summary = await packageByMaven(parts, work);
      return;
    }
    if (isPrebuilt(family)) {
      const hasCommand =
        (customRuntimeConfig?.command.length ?? 0) > 0 || Boolean(environmentVariables['BOOTSTRAP_FILE']);
      summary = await takePrebuilt({ folder: draft, family, where, hasCommand, log });
      return;
    }
    const install = family === 'python' ? installPythonPackages : installDependencies;
    summary = await install(parts, work);
  });
  return summary;
}

/** A function of the manifest; gone only when somebody changed the environment's record meanwhile. */
export function functionOf({ manifest }: Wanted, service: string, name: string): ManifestFunction {
  const found = manifest.services
    .find((one) => one.name === service)
    ?.functions.find((one) => one.name === name);
  if (!found) throw invalid(`the manifest has no function ${service}/${name} any more`);
  return found;
}

async function prepareTree(parts: Parts, job: Job): Promise<string> {
  await ensureTree(parts, job);
  return 'ready';
}

/** Copy of the repository, with its packages, in which commands run. */
export function ensureTree(parts: Parts, job: Job): Promise<string> {
  const { tree } = workFolders(parts.home, job.subject.release.id);
  return inTurn(tree, async () => {
    if (!existsSync(tree)) await makeTree(parts, job, tree);
    return tree;
  });
}

async function makeTree(parts: Parts, { subject, checkout, log, signal }: Job, tree: string): Promise<void> {
  await makeFolder(tree, async (draft) => {
    await copyCode(checkout, draft);
    const { project } = subject;
    await installDependencies(parts, { folder: draft, project: project.name, withDev: true, log, signal });
  });
}

async function runCommand(parts: Parts, job: Job, group: number, index: number): Promise<string> {
  const command = job.wanted.plan.stages[group]?.[index];
  if (!command) throw invalid(`the plan has no command ${group + 1}.${index + 1} any more`);
  const { subject, log, signal } = job;
  const folder = await ensureTree(parts, job);
  const startedAt = Date.now();
  log.note(`${command.name}: ${command.run}`);
  const exit = await runBuildCommand(parts.sandbox, {
    folder,
    cache: join(parts.home, 'cache', 'packages', subject.project.name),
    run: command.run,
    log,
    signal,
  });
  if (exit !== 0)
    throw finalFailure(FAILURES.buildFailed, `${command.name} ended with exit code ${exit}: ${command.run}`, {
      logTail: log.tail(),
    });
  return `${command.name}, ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
}
