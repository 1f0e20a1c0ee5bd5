import { Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { routes } from '../../../../functions/console/api.ts';
import { withoutChromium } from '../../../support/chromium.ts';
import { clear, NOW, seed } from '../../../support/world.ts';
import { seriousFaults } from './axe.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

const VISITS = 'close-inactive-visits';
const at = (minutesAgo: number) => Timestamp.fromMillis(NOW.getTime() - minutesAgo * 60_000);
const incident = (kind: string, minutesAgo: number, more: object = {}) => ({
  kind,
  task: VISITS,
  key: at(minutesAgo).toDate().toISOString(),
  facts: {},
  opened_at: at(minutesAgo),
  recovered_at: null,
  ...more,
});

/** A part of the console whose routes are not in this tree has nothing to be tried against. */
const absent = !routes.some(({ path }) => path === '/v1/admin/incidents');
if (absent) process.stdout.write('SKIPPED: incidents on the page; their route is not here\n');

describe.skipIf(absent || withoutChromium())('what the watchman found, in a real browser', () => {
  let site: ConsoleSite;
  beforeAll(async () => {
    site = await openConsoleSite();
  }, 120_000);
  afterAll(() => site?.stop());
  beforeEach(async () => {
    for (const name of ['incidents', 'settings']) await clear(site.console.world.store, name);
    for (const page of site.chromium.context.pages()) if (page.url() !== 'about:blank') await page.close();
  });

  it('is kept when it is over, newest first, and leads to its run', async () => {
    await seed(
      site.console.world.store,
      'incidents',
      new Map<string, object>([
        ['1', incident('missed', 30)],
        ['2', incident('overrun', 20, { key: `${VISITS}!over`, recovered_at: at(10) })],
        ...Array.from({ length: 55 }, (_, index): [string, object] => [
          `old-${index}`,
          incident('failing', 100 + index, { recovered_at: at(90) }),
        ]),
      ]),
    );
    const page = await site.open('', { language: 'fr' });
    await page.getByRole('link', { name: 'Tous les incidents' }).click();
    const lines = page.locator('li.incident');
    await poll(() => lines.count()).toBe(50);
    expect(await lines.first().textContent()).toContain(
      'une exécution dépasse son délaiClore les visites inactives',
    );
    expect(await lines.first().textContent()).toContain('terminé');
    expect(await lines.nth(1).textContent()).toContain('ouvert');
    expect(await lines.first().getByRole('link').first().getAttribute('href')).toContain('over');
    await page.getByRole('button', { name: 'Afficher la suite' }).click();
    await poll(() => lines.count()).toBe(57);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it.each(['light', 'dark'])('stands above the rounds while it lasts, in the %s theme', async (scheme) => {
    const run = `${VISITS}!over`;
    await seed(
      site.console.world.store,
      'incidents',
      new Map<string, object>([
        ['1', incident('missed', 30)],
        ['2', incident('overrun', 20, { key: run })],
        ['3', incident('failing', 90, { recovered_at: at(60) })],
        ['4', incident('"><img src=http://203.0.113.7/x onerror=alert(1)>', 5)],
      ]),
    );
    const page = await site.open();
    await page.evaluate((value) => localStorage.setItem('mantine-color-scheme-value', value), scheme);
    await page.reload();
    const alert = page.getByRole('alert').filter({ hasText: '3 open incidents' });
    await alert.waitFor();
    expect(await alert.locator('li').allTextContents()).toEqual([
      expect.stringContaining('onerror=alert(1)'),
      expect.stringContaining('Close inactive visits · a run is past its time since Mar 4, 2026'),
      expect.stringContaining('Close inactive visits · a run did not start since Mar 4, 2026'),
    ]);
    expect(await seriousFaults(page)).toEqual([]);
    expect(await alert.getByRole('link', { name: 'a run is past its time' }).getAttribute('href')).toBe(
      `/console/runs/${encodeURIComponent(run)}`,
    );
    expect([site.complaints, site.outside]).toEqual([[], []]);
    await page.evaluate(() => localStorage.removeItem('mantine-color-scheme-value'));
  });

  it('notifies the operators who are named in the settings', async () => {
    const page = await site.open('settings');
    const form = page.locator('form', { has: page.getByRole('heading', { name: 'Incidents (watch-runs)' }) });
    await form.getByLabel('Operators').fill('boss@example.test\nnobody');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Enter an e-mail address').waitFor();
    await form.getByLabel('Operators').fill('BOSS@example.test\nanna@example.test');
    await form.getByRole('button', { name: 'Save' }).click();
    const stored = async () => (await site.console.world.store.doc('settings/watch').get()).data();
    await poll(stored).toMatchObject({ operators: ['boss@example.test', 'anna@example.test'], locale: 'fr' });
    expect(await seriousFaults(page)).toEqual([]);
  });
});
