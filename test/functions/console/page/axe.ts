import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Returns the serious and critical findings of axe on a page, as `rule: element`. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/**
 * Looks at pages of the console in both languages, light on a wide screen and dark on one of 360 px: axe finds nothing
 * serious, and nothing is wider than the screen. `paths` are below /console/.
 */
export async function lookThrough(page: Page, url: string, paths: readonly string[]): Promise<void> {
  for (const scheme of ['light', 'dark'])
    for (const language of ['en', 'fr'])
      for (const path of paths) {
        await page.evaluate(
          ([theme, tongue]) => {
            localStorage.setItem('mantine-color-scheme-value', theme as string);
            localStorage.setItem('ronde-language', tongue as string);
          },
          [scheme, language],
        );
        await page.setViewportSize({ width: scheme === 'dark' ? 360 : 1280, height: 800 });
        await page.goto(`${url}/console/${path}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await expect.poll(() => page.locator('.mantine-Loader-root').count(), { timeout: 30_000 }).toBe(0);
        expect([path, await seriousFaults(page)]).toEqual([path, []]);
        const wider = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect([path, wider]).toEqual([path, 0]);
      }
  await page.evaluate(() => localStorage.removeItem('mantine-color-scheme-value'));
}
