/** A difference in lines for people: page, command line and API show these, indented by two spaces a level. */
import { bytesText, counted } from '../analysis/numbers-in-words.ts';
import type { CodeFacts, FunctionDifference, ServiceDifference } from './difference.ts';
import type { MemberChange, Plain } from './members.ts';

/** For example `shop: changed (version 3 is live)` and, below, `  greet: changed`, `    memorySize: 128 → 256`. */
export function differenceLines(services: readonly ServiceDifference[]): string[] {
  return services.flatMap((one) => [
    `${one.service}: ${serviceText(one)}`,
    ...one.settings.map((change) => `  ${memberText(change)}`),
    ...one.functions.flatMap(functionLines),
    ...one.kept.map((name) => `  ${name}: stays as it is (the manifest does not name it)`),
    ...(one.leftOut > 0 ? [`  … and ${counted(one.leftOut, 'more line')}`] : []),
  ]);
}

function serviceText({ change, live }: ServiceDifference): string {
  if (live === null) return 'new (nothing is live behind the alias)';
  return `${change} (version ${live} is live)`;
}

function functionLines({ name, change, settings, code }: FunctionDifference): string[] {
  if (code.from === null) return [`  ${name}: new, ${codeText(code.to)}`];
  if (change === 'unchanged') return [`  ${name}: unchanged`];
  return [
    `  ${name}: changed`,
    code.changed ? `    code: ${codeText(code.from)} → ${codeText(code.to)}` : '    code: unchanged',
    ...settings.map((setting) => `    ${memberText(setting)}`),
  ];
}

function codeText({ digest, bytes, files }: CodeFacts): string {
  const [kind = '', value = ''] = digest.split(':');
  const count = files === null ? '' : `${counted(files, 'file')}, `;
  // No zip is empty; an image has a digest and no package.
  const size = bytes === 0 ? 'an image' : `${count}${bytesText(bytes)}`;
  return `${size} (${kind} ${value.slice(0, 12)})`;
}

function memberText({ member, change, from, to, hidden }: MemberChange): string {
  if (hidden) return `${member}: ${change} (values are not shown)`;
  return `${member}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: Plain | null): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
