import { expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { parsePlan } from './parse.ts';
import { pickServices } from './services-file.ts';
import { planLines } from './words.ts';

const MANIFEST = [
  { name: 'prices', functions: [{ name: 'get' }] },
  { name: 'web', functions: [{ name: 'render' }, { name: 'search' }] },
];

/** The plan of such a section, or its findings; those that need the manifest too. */
function read(section: string) {
  const text = `version: 1\nenvironments:\n  production:\n    ${section}\n`;
  const parsed = parsePlan({ text, file: 'sluice.yml', environment: PRODUCTION });
  if ('findings' in parsed) return { findings: parsed.findings.map(findingText) };
  return { plan: parsed.plan, findings: parsed.serviceFindings(MANIFEST).map(findingText) };
}

test('an environment releases what it names, whole services or functions of them, and says so', () => {
  const { plan, findings } = read('services: [web/render, prices]');
  expect(findings).toEqual([]);
  expect(pickServices(MANIFEST, plan?.services)).toEqual([
    { name: 'prices', functions: [{ name: 'get' }] },
    { name: 'web', functions: [{ name: 'render' }] },
  ]);
  expect(plan && planLines(plan)).toContain('releases only web/render, prices');
});

test('without a list it releases everything', () => {
  const { plan } = read('bake: 0s');
  expect(plan).not.toHaveProperty('services');
  expect(pickServices(MANIFEST, plan?.services)).toEqual(MANIFEST);
});

test.each([
  [
    'services: []',
    '4:15: environments.production.services: found an empty list; allowed: one service or more',
  ],
  ['services: web', 'services: found "web"; allowed: a list of services, or of service/function'],
  ['services: [web, web]', 'services[1]: web is there twice; leave one out'],
  ['services: [web, web/render]', 'services[1]: found web/render, and web both as a whole and in part'],
  ['services: [web/render, web]', 'services[1]: found web, and web both as a whole and in part'],
  [
    'services: [wep]',
    'services[0]: the manifest has no service "wep"; did you mean web?; allowed: prices, web',
  ],
  [
    'services: [web/rendr]',
    'services[0]: the manifest has no function "web/rendr"; did you mean web/render?; allowed: web/render, web/search',
  ],
  [
    'hooks: {before: [{name: warm, invoke: {function: get}}]}\n    services: [web]',
    'found get: nothing that the environment releases has such a function; allowed: web/render, web/search',
  ],
])('what does not fit is refused with its place and the mend: %s', (section, message) => {
  const { findings } = read(section);
  expect(findings).toEqual([expect.stringContaining(message)]);
});
