import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Timestamp } from '@google-cloud/firestore';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withoutChromium } from '../../../support/chromium.ts';
import { at, user } from '../../../support/presence.ts';
import { clear, minutes, NOW } from '../../../support/world.ts';
import { lookThrough, seriousFaults } from './axe.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

const DAY_MS = 86_400_000;
const closed = (daysAgo: number, path: string, more: object = {}) => {
  const start = NOW.getTime() - daysAgo * DAY_MS - minutes(60);
  return {
    ...{
      user_id: 'usertest1',
      path,
      engaged_seconds: 90,
      duration_seconds: 600,
      duration_source: 'measured',
    },
    ...{ start_time: Timestamp.fromMillis(start), end_time: Timestamp.fromMillis(start + 600_000) },
    ...more,
  };
};

describe.skipIf(withoutChromium())('the pages of visits and presence in a real browser', () => {
  let site: ConsoleSite;
  let downloads: string;
  beforeAll(async () => {
    site = await openConsoleSite();
    downloads = await mkdtemp(join(tmpdir(), 'ronde-downloads-'));
    const browser = await site.chromium.browser.newBrowserCDPSession();
    await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
  }, 120_000);
  afterAll(async () => {
    await site?.stop();
    if (downloads) await rm(downloads, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const { store, redis } = site.console.world;
    for (const name of ['page_visits', 'users', 'login_history', 'settings']) await clear(store, name);
    await redis.flushdb();
    for (const page of site.chromium.context.pages()) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      if (page.url() !== 'about:blank') await page.close();
    }
  });

  const store = () => site.console.world.store;
  const visit = (id: string, fields: object) => store().doc(`page_visits/${id}`).set(fields);
  const figure = (page: Page, name: string) => page.getByRole('group', { name, exact: true });
  const dialog = (page: Page) => page.getByRole('dialog');
  const person = (id: string, fields: object) =>
    store()
      .doc(`users/${id}`)
      .set(user(fields as never));
  const ping = (id: string, minutesAgo: number) =>
    site.console.world.redis.set(`last_activity:${id}`, NOW.getTime() - minutes(minutesAgo));
  /** Two ghosts, one who is there, and one who is gone. */
  async function people() {
    await person('anna', {
      is_online: true,
      display_name: 'Anna Weiss',
      last_activity_at: at(NOW.getTime() - minutes(1)),
    });
    await ping('anna', 1);
    for (const id of ['ghost-1', 'ghost-2'])
      await person(id, { is_online: true, last_activity_at: at(NOW.getTime() - minutes(300)) });
    await person('gone', { logged_out_at: at(NOW.getTime() - minutes(90)) });
  }
  const online = async () =>
    (await store().collection('users').where('is_online', '==', true).get()).docs.map(({ id }) => id).sort();

  it('says where no visit began, and that it is loading', async () => {
    const page = await site.open('settings');
    const held = Promise.withResolvers<void>();
    await page.route(/\/v1\/admin\/visits/, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByRole('link', { name: 'Visits' }).click();
    await page.getByText('Loading…').first().waitFor();
    held.resolve();
    await page.getByText('No visit began in these days.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('shows visits and engaged time by day and page, with the share of inferred ones', async () => {
    await visit('a', closed(0, '/repairs'));
    await visit('b', closed(1, '/repairs', { duration_source: 'inferred' }));
    await visit('c', closed(1, '/invoices', { engaged_seconds: 3_900 }));
    await visit('d', closed(10, '/old'));
    const page = await site.open('visits');
    await poll(() => figure(page, 'Visits').textContent()).toBe('Visits3');
    expect(await figure(page, 'No closing signal').textContent()).toBe('No closing signal33%');
    expect(await figure(page, 'Engaged time').textContent()).toBe('Engaged time1 hr 8 min');
    const row = (table: string, name: string) =>
      page.getByRole('table', { name: table }).getByRole('row', { name }).textContent();
    expect(await row('By page', '/repairs')).toBe('/repairs23 min 0 sec1 min 30 sec50%');
    expect(await row('By day', 'Tue, Mar 3')).toMatch(/^Tue, Mar 32/);
    expect(await page.getByRole('table', { name: 'By day' }).getByRole('row').count()).toBe(8);
    await page.getByRole('combobox', { name: 'Span' }).selectOption('14');
    await poll(() => figure(page, 'Visits').textContent()).toBe('Visits4');
    expect(page.url()).toBe(`${site.url}/console/visits?days=14`);
  });

  it('reads days in the time zone of the browser, and names it', async () => {
    await visit('late', closed(0, '/', { start_time: at(Date.parse('2026-03-03T23:30:00Z')) }));
    const page = await site.open('settings');
    const browser = await page.context().newCDPSession(page);
    for (const [zone, name, today] of [
      ['Europe/Paris', 'Wed, Mar 4', 'Wed, Mar 4'],
      ['Etc/UTC', 'Tue, Mar 3', 'Wed, Mar 4'],
      ['Pacific/Kiritimati', 'Wed, Mar 4', 'Thu, Mar 5'],
    ] as const) {
      await browser.send('Emulation.setTimezoneOverride', { timezoneId: zone });
      await page.goto(`${site.url}/console/visits`);
      await page.getByText(`Days are those of ${zone === 'Etc/UTC' ? 'UTC' : zone}.`).waitFor();
      const rows = page.getByRole('table', { name: 'By day' }).getByRole('row');
      await poll(() => rows.count()).toBe(8);
      expect([zone, await rows.filter({ hasText: name }).textContent()]).toEqual([
        zone,
        expect.stringMatching(new RegExp(`^${name}1`)),
      ]);
      expect([zone, await rows.last().textContent()]).toEqual([
        zone,
        expect.stringMatching(new RegExp(`^${today}`)),
      ]);
    }
  });

  it('shows who is there with source and age, and the ghosts', async () => {
    await people();
    const page = await site.open('presence');
    await page.getByText('Anna Weiss').waitFor();
    const line = page.locator('li.person');
    expect(await line.count()).toBe(1);
    expect(await line.textContent()).toBe('Anna Weissonlineby a sign of life · 1 minute agoanna');
    expect(await figure(page, 'Ghosts').textContent()).toBe('Ghosts2');
    await page.getByText('ghost-1, ghost-2').waitFor();
    await page.getByRole('link', { name: 'Everybody' }).click();
    await poll(() => line.count()).toBe(4);
    expect(await line.filter({ hasText: 'gone' }).textContent()).toContain('offlineby the sign-ins');
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('cleans ghosts after it has shown them, keeps a backup as a file, and puts them back from it', async () => {
    await people();
    const page = await site.open('presence');
    await page.getByRole('button', { name: 'Put the inactive offline (30 min)…' }).click();
    await dialog(page).getByText('2 people').waitFor();
    await dialog(page).getByText('ghost-1, ghost-2').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    expect(await online()).toEqual(['anna', 'ghost-1', 'ghost-2']);
    await dialog(page).getByRole('button', { name: 'Save the backup and clean' }).click();
    await page.getByText('2 people are offline now.').waitFor();
    expect(await online()).toEqual(['anna']);
    await poll(() => figure(page, 'Ghosts').textContent()).toBe('Ghosts0');
    await poll(async () => (await readdir(downloads)).filter((name) => name.endsWith('.json')).length).toBe(
      1,
    );
    const [file = ''] = await readdir(downloads);
    expect(JSON.parse(await readFile(join(downloads, file), 'utf8')).users).toHaveLength(2);
    // One of them comes back by herself: the backup is not to overwrite that.
    await store()
      .doc('users/ghost-2')
      .update({ is_online: true, last_activity_at: at(NOW.getTime() + minutes(1)) });
    await page.reload();
    await page.getByLabel('Backup file').setInputFiles(join(downloads, file));
    await page.getByText('1 would be restored; 1 would stay unchanged').waitFor();
    expect(await online()).toEqual(['anna', 'ghost-2']);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('1 restored; 1 unchanged.').waitFor();
    expect(await online()).toEqual(['anna', 'ghost-1', 'ghost-2']);
  });

  it('undoes a cleaning at once, and knows a file that is no backup', async () => {
    await people();
    const page = await site.open('presence', { language: 'fr' });
    await page.getByRole('button', { name: 'Mettre tout le monde hors ligne…' }).click();
    await dialog(page).getByText('3 personnes').waitFor();
    await dialog(page).getByRole('button', { name: 'Enregistrer la sauvegarde et nettoyer' }).click();
    await page.getByText('3 personnes sont maintenant hors ligne.').waitFor();
    expect(await online()).toEqual([]);
    await page.getByRole('button', { name: 'Les remettre en ligne' }).click();
    await page.getByText('Restaurés : 3. Inchangés : 0.').waitFor();
    expect(await online()).toEqual(['anna', 'ghost-1', 'ghost-2']);
    await page.getByLabel('Fichier de sauvegarde').setInputFiles({
      ...{ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{"version":2}') },
    });
    await page.getByText('Ce fichier n’est pas une sauvegarde de présence.').waitFor();
  });

  it('has no serious fault by axe, and fits 360 pixels, in both languages and themes, whatever stands there', async () => {
    const long = 'x'.repeat(200);
    await people();
    await visit('a', closed(0, `/${long}`));
    await person(long, { is_online: true, display_name: long, last_activity_at: at(NOW.getTime()) });
    await ping(long, 0);
    const page = await site.open('presence');
    await lookThrough(page, site.url, ['visits', 'presence?view=all']);
  });

  it('says that Redis is away, and cleans nobody then', async () => {
    await people();
    await site.console.world.redisEngine.stopEngine();
    const page = await site.open('presence');
    await page.getByText('Redis does not answer. Users who cannot be seen are unknown').waitFor();
    await page.getByRole('button', { name: 'Put everybody offline…' }).click();
    await dialog(page).getByRole('alert').getByText('A service behind the console does not answer').waitFor();
    expect(await dialog(page).getByRole('button', { name: 'Save the backup and clean' }).isDisabled()).toBe(
      true,
    );
    expect(await online()).toHaveLength(3);
    await site.console.world.redisEngine.restart();
  });

  it('has broken no rule of its policy in all of this, and asked nobody outside', () => {
    expect([site.complaints, site.outside]).toEqual([[], []]);
  });
});
