/** The page of a release that goes through two regions in waves, in a real browser: two engines, people decide on the page. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HAS_NO_BROWSER, keepPicture, openBrowser, signIn, type BrowserPage } from '../support/browser.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import type { Sluice } from '../support/sluice.ts';
import { NORTH, startTwoRegions, type TwoRegions } from '../support/two-regions.ts';

const SERVICE = 'spread';
const LONG = { timeout: 90_000 };

describe.skipIf(HAS_NO_BROWSER)('the page of waves (skipped where no Chromium is installed)', () => {
  let regions: TwoRegions;
  let sluice: Sluice;
  let browser: BrowserPage;
  let page: Page;
  let project: GitProject;
  let customers: readonly { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    regions = await startTwoRegions();
    ({ sluice } = regions);
    project = await createGitProject(sluice.api, sluice.repositories, SERVICE);
    const first = await push('v1');
    await sluice.api.until(first, ['promoted'], 90_000);
    const calls = { service: SERVICE, alias: 'PROD', function: 'greet', perSecond: 10, most: 4_000 };
    customers = regions.clients.map((client) => startCustomers({ client, ...calls }));
    browser = await openBrowser();
    ({ page } = browser);
    await signIn(page, sluice.stack);
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await Promise.all(customers.map((one) => one.stop()));
    await regions?.close();
  }, 60_000);

  async function push(tag: string): Promise<string> {
    const steps = ['{weight: 25%, hold: 1s, approval: {role: release-manager, timeout: 1h}}'];
    const more = ['regions:', '  - {wave: [cn-local]}', `  - {wave: [${NORTH}]}`, 'bake: 0s'];
    const files = functionFiles({ service: SERVICE, handler: 'good', tag, steps, more });
    return (await project.push(files, `Change ${tag}`)).id;
  }

  const textsOf = async (selector: string): Promise<string[]> =>
    (await page.locator(selector).allTextContents()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
  const steps = () => textsOf('.steps li');
  const traffic = () => textsOf('.service h3');

  async function approve(step: number): Promise<void> {
    const button = page.getByRole('button', { name: `Approve step ${step}` });
    await button.waitFor(LONG);
    await page.getByLabel('Why (kept in the record)').fill(`step ${step} seen in a browser`);
    await button.focus();
    await page.keyboard.press('Enter');
  }

  test('says of each step its wave and regions, and of the traffic where it is; a person carries it through both', async () => {
    const id = await push('v2');
    await page.goto(`${sluice.stack.url}/releases/${id}`);
    await page.getByRole('button', { name: 'Approve step 1' }).waitFor(LONG);
    const [first, second] = await steps();
    expect(first).toMatch(/^25 % for 1 s, then a release-manager approves · wave 1, cn-local · now$/);
    expect(second).toMatch(/^25 % for 1 s, then a release-manager approves · wave 2, cn-north · to come$/);
    expect(await traffic()).toEqual([expect.stringMatching(/^spread.*cn-local.*PROD · wave 1$/)]);
    await keepPicture(page, 'waves-first');

    await approve(1);
    // The page follows by itself: nobody loads it again.
    await page.getByRole('button', { name: 'Approve step 2' }).waitFor(LONG);
    expect((await steps())[0]).toMatch(/wave 1, cn-local · done$/);
    expect((await steps())[1]).toMatch(/wave 2, cn-north · now$/);
    expect(await traffic()).toEqual([
      expect.stringMatching(/cn-local.*wave 1$/),
      expect.stringMatching(/cn-north.*wave 2$/),
    ]);
    await keepPicture(page, 'waves-second');

    await approve(2);
    await page.locator('h1 .state-promoted').waitFor(LONG);
    expect(await steps()).toEqual([
      expect.stringMatching(/wave 1, cn-local · done$/),
      expect.stringMatching(/wave 2, cn-north · done$/),
      '100 %',
    ]);
    const history = (await textsOf('.timeline li')).join('\n');
    expect(history).toContain(
      'traffic: PROD in cn-north (wave 2) sends 25 % to version 2, the rest to version 1',
    );
    expect(history).toContain('step 2 seen in a browser');
    await keepPicture(page, 'waves-promoted');
  }, 300_000);

  test('fits a phone – nothing is wider than 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await keepPicture(page, 'waves-phone');
    await page.goto(`${sluice.stack.url}/environments/${SERVICE}.production`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    const shown = await page.locator('main').textContent();
    expect(shown).toContain(NORTH);
  });

  test('broke no rule of its own content security policy', () => {
    expect(browser.faults).toEqual([]);
  });
});
