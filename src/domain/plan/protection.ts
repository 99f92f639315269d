/**
 * What the project's record owns and a commit may only tighten: alias, role, count and author of approvals, least
 * number of steps, demanded approvals. Works on the unparsed section, value by value, so that one bad value hides no other error.
 */
import type { Finding } from '../finding.ts';
import { roleCovers } from '../release/states.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import { isDemanded, leastStepsOf } from './demanded.ts';
import type { EnvironmentRecord } from './environment.ts';
import { approval as approvalSchema, weight as weightSchema, type ApprovalFile } from './file-schema.ts';
import { presetSteps, PRESETS } from './presets.ts';

type Report = (path: Path, code: string, message: string) => void;

/**
 * @param section the environment's part of the file as plain values, in whatever shape it came
 * @param path where it stands
 */
export function protectionFindings(
  section: unknown,
  path: Path,
  root: YamlNode,
  environment: EnvironmentRecord,
): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (where, code, message) => {
    findings.push(findingAt(root, [...path, ...where], code, message));
  };
  const { alias, preset, steps } = asMap(section);
  if (typeof alias === 'string' && alias !== environment.alias) {
    report(
      ['alias'],
      'protected',
      `found ${JSON.stringify(alias)}; the project's record says ${environment.alias}, and only the record can change it`,
    );
  }
  if (steps !== undefined && preset !== undefined) {
    report(['preset'], 'conflict', 'preset and steps exclude each other; leave one out');
  }
  if (Array.isArray(steps)) {
    checkLeastSteps(steps.length, ['steps'], environment, report);
    checkRising(steps, report);
    checkDemanded(steps, environment, report);
    steps.forEach((step, i) => {
      const parsed = approvalSchema.safeParse(asMap(step)['approval']);
      if (parsed.success) checkApproval(parsed.data, ['steps', i, 'approval'], environment, report);
    });
  } else {
    const known = PRESETS.find((name) => name === preset);
    if (known) checkLeastSteps(presetSteps(known).length, ['preset'], environment, report);
  }
  return findings;
}

function checkLeastSteps(count: number, path: Path, environment: EnvironmentRecord, report: Report): void {
  const least = leastStepsOf(environment.protection);
  if (count >= least) return;
  const why = least > environment.protection.leastSteps ? ', for the approvals that it demands' : '';
  report(
    path,
    'protected',
    `found ${count} step${count === 1 ? '' : 's'}; the project's record asks for at least ${least} in ${environment.name}${why}`,
  );
}

function checkRising(steps: readonly unknown[], report: Report): void {
  let last = 0;
  steps.forEach((step, i) => {
    const parsed = weightSchema.safeParse(asMap(step)['weight']);
    if (!parsed.success) return;
    if (parsed.data <= last) {
      report(
        ['steps', i, 'weight'],
        'order',
        `found a weight of ${percentText(parsed.data)} after ${percentText(last)}; weights must rise from step to step`,
      );
    }
    last = Math.max(last, parsed.data);
  });
}

function checkApproval(
  approval: ApprovalFile,
  path: Path,
  { name, protection }: EnvironmentRecord,
  report: Report,
): void {
  const { role, count, notAuthor } = approval;
  if (role !== undefined && !roleCovers(role, protection.approvalRole)) {
    report(
      [...path, 'role'],
      'protected',
      `found ${role}; the project's record asks for ${protection.approvalRole} or a higher role in ${name}`,
    );
  }
  if (count !== undefined && count < protection.approvalCount) {
    report(
      [...path, 'count'],
      'protected',
      `found ${count}; the project's record asks for at least ${protection.approvalCount} approvals in ${name}`,
    );
  }
  if (notAuthor === false && protection.notAuthor) {
    report(
      [...path, 'notAuthor'],
      'protected',
      `found false; in ${name} the project's record forbids the commit's author to approve`,
    );
  }
}

/** An approval that is passed by waiting is none: a demanded one must end in a rollback. */
function checkDemanded(
  steps: readonly unknown[],
  { name, protection }: EnvironmentRecord,
  report: Report,
): void {
  const weights = steps.map((step) => weightSchema.safeParse(asMap(step)['weight']).data ?? Number.NaN);
  let asking = 0;
  steps.forEach((step, i) => {
    const { approval } = asMap(step);
    const passes = asMap(approval)['onTimeout'] === 'continue';
    if (approval !== undefined && !passes) asking += 1;
    if (!isDemanded(i, weights, protection)) return;
    const rule = `the project's record asks for an approval at each step from ${percentText(protection.approvalFrom ?? 0)} on, and before 100%, in ${name}`;
    if (approval === undefined) report(['steps', i, 'approval'], 'protected', `is missing; ${rule}`);
    else if (passes)
      report(
        ['steps', i, 'approval', 'onTimeout'],
        'protected',
        `found continue; ${rule}: allowed is roll-back`,
      );
  });
  if (steps.length < leastStepsOf(protection) || asking >= protection.leastApprovals) return;
  report(
    ['steps'],
    'protected',
    `found ${asking} approval${asking === 1 ? '' : 's'} that cannot be passed by waiting; the project's record asks for at least ${protection.leastApprovals} in ${name}`,
  );
}

function asMap(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function percentText(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(6))}%`;
}
