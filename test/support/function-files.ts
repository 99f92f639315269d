/** The files of a small function for a test's repository. */

const HANDLERS = {
  /** Answers every call. */
  good: (tag: string) => `exports.handler = async () => ({ tag: ${JSON.stringify(tag)} });\n`,
  /** Fails every fifth call, by the customer's number; a smoke call without a number passes. */
  fifthFails: (tag: string) => `exports.handler = async (event) => {
  const { number = 1 } = JSON.parse(event.toString() || '{}');
  if (number % 5 === 0) throw new Error('no price for item ' + number);
  return { tag: ${JSON.stringify(tag)} };
};\n`,
  /** Fails three of ten calls, by the customer's number. */
  thirdFails: (tag: string) => `exports.handler = async (event) => {
  const { number = 9 } = JSON.parse(event.toString() || '{}');
  if (number % 10 < 3) throw new Error('no price for item ' + number);
  return { tag: ${JSON.stringify(tag)} };
};\n`,
  /** Fails every call of a customer; a smoke call without a number passes. */
  allFail: (tag: string) => `exports.handler = async (event) => {
  if (JSON.parse(event.toString() || '{}').number !== undefined) throw new Error('no price at all');
  return { tag: ${JSON.stringify(tag)} };
};\n`,
  /** Fails every call that is poisoned, and answers all others: harm that comes when a test wants it. */
  poisonable: (tag: string) => `exports.handler = async (event) => {
  if (JSON.parse(event.toString() || '{}').poison) throw new Error('poisoned');
  return { tag: ${JSON.stringify(tag)} };
};\n`,
  /** Does not load before a time, Unix milliseconds: what it needs is not there yet. */
  later: (time: string) => `if (Date.now() < ${Number(time)}) throw new Error('not yet');
exports.handler = async () => ({ tag: 'later' });
`,
  /** Fails calls that ask for it, which the handlers beside it answer. */
  failsWhenAsked: (tag: string) => `exports.handler = async (event) => {
  if (JSON.parse(event.toString() || '{}').harm) throw new Error('no price');
  return { tag: ${JSON.stringify(tag)} };
};\n`,
  /** Does not even load. */
  broken: () => `exports.handler = require('./is-not-there');\n`,
} as const;

export interface FunctionFiles {
  readonly service: string;
  readonly handler: keyof typeof HANDLERS;
  readonly tag: string;
  /** Steps of `sluice.yml`, in its own words; none: all at once. */
  readonly steps: readonly string[];
  /** More lines of the environment, e.g. `extension: 2s`. */
  readonly more?: readonly string[];
}

export function functionFiles({
  service,
  handler,
  tag,
  steps,
  more = [],
}: FunctionFiles): Record<string, string> {
  return {
    's.yml': `edition: 1.0.0
name: ${service}
services:
  ${service}:
    component: fc
    props:
      region: cn-local
      service:
        name: ${service}
      function:
        name: greet
        runtime: nodejs20
        handler: index.handler
        codeUri: ./code
        memorySize: 128
        timeout: 5
        instanceConcurrency: 10
`,
    'sluice.yml': `version: 1
environments:
  production:
    branches: [main]
    alias: PROD
${steps.length === 0 ? '    preset: all-at-once\n' : `    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`}    analysis: {interval: 1s, falseRollback: 1%, errors: {ratio: 1.25, floor: 0.1%}}
${more.map((line) => `    ${line}\n`).join('')}`,
    'code/index.js': HANDLERS[handler](tag),
  };
}
