/** The page in a real browser: sign in, watch a release live, approve it with the keyboard, on a phone's width too. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi, type Api } from '../support/api.ts';
import { HAS_NO_BROWSER, openBrowser, type BrowserPage } from '../support/browser.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { sdkOf } from '../support/sdk.ts';
import { startStack, type Stack } from '../support/stack.ts';

describe.skipIf(HAS_NO_BROWSER)('the page (skipped where no Chromium is installed)', () => {
  let stack: Stack;
  let api: Api;
  let browser: BrowserPage;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    api = createApi(stack.url, stack.credentials.adminToken);
    browser = await openBrowser();
    ({ page } = browser);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  }, 30_000);

  test('leads a stranger to the sign-in, refuses a wrong token, and lets the right one in', async () => {
    await page.goto(stack.url);
    await page.getByLabel('Access token').fill('slu_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    // The browser reports every answer of 4xx to its console; this one was asked for.
    browser.faults.length = 0;
    await page.getByLabel('Access token').fill(stack.credentials.adminToken);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Environments' }).waitFor();
  });

  test('shows a release as it goes, and an approval given by the keyboard carries it to the end', async () => {
    const plan = ['{weight: 50%, hold: 1s, approval: {role: release-manager, timeout: 1h}}'];
    const project = await createGitProject(api, join(stack.home, 'demo'), 'seen');
    const first = await project.push(
      functionFiles({ service: 'seen', handler: 'good', tag: 'v1', steps: plan }),
      'First',
    );
    await api.until(first.id, ['promoted'], 60_000);
    // A step ends by itself only where somebody called the new version.
    const customers = startCustomers({
      client: sdkOf(stack),
      service: 'seen',
      alias: 'PROD',
      function: 'greet',
      perSecond: 10,
      most: 1_500,
    });
    const second = await project.push(
      functionFiles({ service: 'seen', handler: 'good', tag: 'v2', steps: plan }),
      'Second',
    );
    await page.goto(`${stack.url}/releases/${second.id}`);
    const approve = page.getByRole('button', { name: 'Approve step 1' });
    await approve.waitFor({ timeout: 60_000 });
    await page.getByLabel('Why (kept in the record)').fill('seen in a browser');
    await approve.focus();
    await page.keyboard.press('Enter');
    await page.locator('h1 .state-promoted').waitFor({ timeout: 60_000 });
    await customers.stop();
    expect(await page.locator('.timeline').textContent()).toContain('seen in a browser');
  }, 150_000);

  test('fits a phone — nothing but the table may be wider than 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of ['/', '/environments/seen.production']) {
      await page.goto(`${stack.url}${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    }
  });

  test('broke no rule of its own content security policy', () => {
    expect(browser.faults).toEqual([]);
  });
});
