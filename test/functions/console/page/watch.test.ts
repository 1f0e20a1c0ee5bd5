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
    const lines = page.locator('tr.incident');
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

  it.each(['light', 'dark'])(
    'stands on the home page until it ends, and one says who attends to it, in the %s theme',
    async (scheme) => {
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
      const matters = page.getByRole('list', { name: 'Open matters' });
      const line = (text: string) => matters.getByRole('listitem').filter({ hasText: text });
      await line('onerror=alert(1)').waitFor();
      await line('Close inactive visits: the run of –').or(line('did not start')).waitFor();
      const over = line('Close inactive visits: a run is past its time');
      expect(await over.getByRole('link').getAttribute('href')).toBe(
        `/console/runs/${encodeURIComponent(run)}`,
      );
      // Three incidents, and nobody is notified of them.
      await page.getByRole('heading', { level: 1, name: '4 matters need you' }).waitFor();
      expect(await page.title()).toBe('(4) Home · Ronde');
      await over.getByRole('button', { name: 'I am on it' }).click();
      await over.getByText('admintest1 is on it since Mar 4, 2026').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect([site.complaints, site.outside]).toEqual([[], []]);
      await page.evaluate(() => localStorage.removeItem('mantine-color-scheme-value'));
    },
  );

  it('leads from an uncertain reminder to the very follow-up in one click', async () => {
    const { store } = site.console.world;
    const parked = { reason: 'unknown_delivery', at: at(60), due_at: at(60), detail: null };
    const customer = { name: 'Elif Kaya', email: 'elif.kaya@example.test' };
    await store.doc('followups/f-2029').set({
      org_id: 'shop',
      type: 'invoice',
      source_label: 'F-2029',
      customer,
      status: 'open',
      level: 0,
      parked,
    });
    await seed(
      store,
      'incidents',
      new Map([['1', incident('unknown_mail', 30, { task: 'process-followups' })]]),
    );
    const page = await site.open('', { language: 'fr' });
    await page.getByText('1 relance : envoi incertain').waitFor();
    await page.getByRole('link', { name: 'F-2029 · Elif Kaya' }).click();
    await page.getByRole('heading', { level: 1, name: 'Facture F-2029' }).waitFor();
    expect(page.url()).toBe(`${site.url}/console/followups/f-2029`);
    // The one search box finds it by the customer's name; the address keeps the question.
    await page.keyboard.press('/');
    await page.keyboard.type('elif');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Relances · 1 trouvé' }).waitFor();
    await page.getByRole('link', { name: 'F-2029' }).click();
    await page.getByRole('heading', { level: 1, name: 'Facture F-2029' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Relances · 1 trouvé' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('heading', { level: 1, name: 'Réglages' }).waitFor();
    await store.doc('followups/f-2029').delete();
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
