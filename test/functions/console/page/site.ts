import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Chromium, startChromium } from '../../../support/chromium.ts';
import { type ConsoleWorld, startConsoleWorld } from '../../../support/console.ts';
import { NOW } from '../../../support/world.ts';

const PASSWORD = 'Test1234!';

/** The console in a real browser, both on one clock. */
export interface ConsoleSite {
  console: ConsoleWorld;
  chromium: Chromium;
  url: string;
  /** Requests of the page to any server but the gateway and the issuer. */
  outside: string[];
  /** Complaints of the browser: refused by the policy, thrown, dialogs opened. */
  complaints: string[];
  /** A new tab that has signed in by the issuer's own page and stands at this path below /console/. */
  open(path?: string, options?: { language?: 'fr' | 'en'; account?: string }): Promise<Page>;
  stop(): Promise<void>;
}

/** Asks again and again until it is so; a busy machine takes its time. */
export const poll = <T>(ask: () => T) => expect.poll(ask, { timeout: 20_000 });

export async function openConsoleSite(): Promise<ConsoleSite> {
  const console = await startConsoleWorld();
  const chromium = await startChromium();
  const { context } = chromium;
  const url = console.world.url;
  const outside: string[] = [];
  const complaints: string[] = [];
  const homes = [url, console.world.issuer.issuer];
  await context.clock.setFixedTime(NOW);
  context.on('request', (request) => {
    if (!homes.includes(new URL(request.url()).origin)) outside.push(request.url());
  });
  const listen = (page: Page) => {
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
    });
  };
  return {
    console,
    chromium,
    url,
    outside,
    complaints,
    async open(path = '', { language = 'en', account = 'admintest1' } = {}) {
      const page = await context.newPage();
      await page.setViewportSize({ width: 1280, height: 800 });
      listen(page);
      await page.goto(`${url}/console/${path}`);
      await page.getByRole('combobox', { name: /Language|Langue/ }).selectOption(language);
      await page.getByRole('button', { name: language === 'fr' ? 'Se connecter' : 'Sign in' }).click();
      await page.locator('input[name=username]').fill(account);
      await page.locator('input[name=password]').fill(PASSWORD);
      await page.locator('button[type=submit]').click();
      await poll(() => page.url()).toBe(`${url}/console/${path}`);
      await page.getByRole('button', { name: 'Menu' }).waitFor();
      return page;
    },
    async stop() {
      await chromium.stop();
      await console.stop();
    },
  };
}
