/** A real browser for tests of the page, where one is installed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { Stack } from './stack.ts';

const EXECUTABLE = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** No Chromium is installed here. */
export const HAS_NO_BROWSER = EXECUTABLE === undefined;

export interface BrowserPage {
  readonly page: Page;
  /** What the browser complained of: scripts that failed, violations of the page's own content security policy. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** A page of a browser of its own, as wide as a small laptop's. */
export async function openBrowser(): Promise<BrowserPage> {
  const browser = await chromium.launch({ executablePath: EXECUTABLE ?? '', args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  return { page, faults, close: () => browser.close() };
}

/** Signs in as the administrator, and sees the environments. */
export async function signIn(page: Page, { url, credentials }: Stack): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Access token').fill(credentials.adminToken);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Environments' }).waitFor();
}

/** A picture of the whole page for people who want to look, in the folder that SLUICE_SCREENSHOTS names. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env['SLUICE_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
