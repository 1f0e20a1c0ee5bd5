import { Timestamp } from '@google-cloud/firestore';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { routes } from '../../../../functions/console/api.ts';
import { withoutChromium } from '../../../support/chromium.ts';
import { clear, NOW, seed } from '../../../support/world.ts';
import { seriousFaults } from './axe.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

const DAY_MS = 86_400_000;
const at = (daysAgo: number) => Timestamp.fromMillis(NOW.getTime() - daysAgo * DAY_MS);
const ticket = (number: string, stage: string, daysAgo: number, more: object = {}) => ({
  number,
  device: 'Phone',
  customer_name: 'Anna Weiss',
  status: 'active',
  stage,
  stage_entered_at: at(daysAgo),
  created_at: at(daysAgo + 3),
  ...more,
});
const entry = (ticketNumber: string, hoursAgo: number, more: object = {}) => ({
  ticket_id: ticketNumber,
  ticket_number: ticketNumber,
  stage: 'repair',
  stage_entered_at: at(20),
  days_in_stage: 20,
  recipient: 'boss@example.test',
  state: 'sent',
  claimed_at: at(hoursAgo / 24),
  sent_at: at(hoursAgo / 24),
  forced: false,
  run_id: 'run',
  message_id: '<made-up@ronde.test>',
  ...more,
});

/** A part of the console whose routes are not in this tree has nothing to be tried against. */
const absent = !routes.some(({ path }) => path.startsWith('/tickets/alerts'));
if (absent) process.stdout.write('SKIPPED: the page of alerts; its routes are not here\n');

describe.skipIf(absent || withoutChromium())('the page of alerts in a real browser', () => {
  let site: ConsoleSite;
  beforeAll(async () => {
    site = await openConsoleSite();
  }, 120_000);
  afterAll(() => site?.stop());
  beforeEach(async () => {
    const { world } = site.console;
    for (const name of ['alert_recipients', 'delay_alert_logs', 'tickets', 'users'])
      await clear(world.store, name);
    await fetch(world.smtp.inbox, { method: 'DELETE' });
    for (const page of site.chromium.context.pages()) if (page.url() !== 'about:blank') await page.close();
  });

  const store = () => site.console.world.store;
  const recipients = async () =>
    (await store().collection('alert_recipients').orderBy('email').get()).docs.map((doc) => doc.data());
  const inbox = async () =>
    (await (await fetch(site.console.world.smtp.inbox)).json()) as { to: string[]; subject: string }[];
  const save = (page: Page) => page.getByRole('button', { name: 'Save the recipients' }).click();

  it('says so if there are no recipients, no late tickets and no alerts', async () => {
    const page = await site.open('alerts');
    for (const text of ['No recipients yet', 'No ticket is late.', 'No alert has been sent yet.'])
      await page.getByText(text).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('takes one of the users or any address, keeps each address once, and switches people off', async () => {
    await store().doc('users/anna').set({ email: 'anna@example.test', display_name: 'Anna Weiss' });
    const page = await site.open('alerts');
    const add = page.locator('form', { has: page.getByText('Add a recipient') });
    const address = add.getByLabel('E-mail address');
    expect(await page.locator('datalist option').getAttribute('value')).toBe('anna@example.test');
    for (const [given, fault] of [
      ['anna@example.test', ''],
      ['BOSS@example.test ', ''],
      ['boss@example.test', 'This address is already in the list.'],
      ['not an address', 'Enter an e-mail address'],
    ] as const) {
      await address.fill(given);
      await add.getByRole('button', { name: 'Add', exact: true }).click();
      if (fault) await add.getByText(fault).waitFor();
    }
    await save(page);
    await page.getByText('The recipients are saved.').waitFor();
    expect(await recipients()).toMatchObject([
      { email: 'anna@example.test', name: 'Anna Weiss', user_id: 'anna', active: true, locale: 'en' },
      { email: 'boss@example.test', name: 'boss', active: true },
    ]);
    await page.getByRole('group', { name: 'boss' }).getByLabel('Active').click();
    await page.getByRole('group', { name: 'Anna Weiss' }).getByLabel('Language').selectOption('fr');
    await save(page);
    await poll(async () => (await recipients()).map(({ active }) => active)).toEqual([true, false]);
    expect((await recipients())[0]).toMatchObject({ locale: 'fr' });
  });

  it('tells the second of two administrators, and shows what the first one has saved', async () => {
    await store()
      .doc('alert_recipients/boss')
      .set({ name: 'Boss', email: 'boss@example.test', active: true });
    const [first, second] = [await site.open('alerts'), await site.open('alerts')];
    const name = (page: Page) => page.getByRole('group').getByLabel('Name');
    // Both have read the list before either saves; a page in the background does not draw.
    for (const page of [second, first]) {
      await page.bringToFront();
      await name(page).waitFor();
    }
    for (const [page, value] of [
      [first, 'First'],
      [second, 'Second'],
    ] as const) {
      await page.bringToFront();
      await name(page).fill(value);
      await save(page);
      await page
        .getByText(page === first ? 'The recipients are saved.' : 'Somebody else has saved')
        .waitFor();
    }
    expect(await recipients()).toMatchObject([{ name: 'First' }]);
    await second.getByRole('button', { name: 'Discard mine and load' }).click();
    await poll(() => name(second).inputValue()).toBe('First');
  });

  it('sends a test mail and tells in the reader’s language what the mail server said', async () => {
    await store()
      .doc('alert_recipients/boss')
      .set({ name: 'Boss', email: 'boss@example.test', active: true });
    const page = await site.open('alerts', { language: 'fr' });
    const send = page.getByRole('button', { name: 'Envoyer un courriel d’essai à boss@example.test' });
    await send.click();
    await page.getByText(/Le serveur \S+ a accepté le message pour boss@example.test/).waitFor();
    expect(await inbox()).toMatchObject([{ to: ['boss@example.test'], subject: 'Essai d’envoi de Ronde' }]);
    await fetch(`${site.console.world.smtp.inbox}/refuse`, {
      method: 'POST',
      body: JSON.stringify({ address: 'boss@example.test', code: 550 }),
    });
    await send.click();
    await page.getByText('refuse définitivement l’adresse').waitFor();
  });

  it('shows the late tickets by stage, the longest first, and what was sent, newest first', async () => {
    await seed(
      store(),
      'tickets',
      new Map<string, object>([
        ['a', ticket('T-1', 'repair', 20)],
        ['b', ticket('T-2', 'repair', 40)],
        ['c', ticket('T-3', 'quote', 16)],
        ['d', ticket('T-4', 'quote', 3)],
        ['e', ticket('T-5', 'quote', 30, { status: 'closed' })],
      ]),
    );
    await seed(
      store(),
      'delay_alert_logs',
      new Map<string, object>([
        ['1', entry('T-1', 30)],
        ['2', entry('T-2', 5, { state: 'unknown', sent_at: null })],
        ...Array.from({ length: 55 }, (_, index): [string, object] => [
          `x${index}`,
          entry('T-9', 100 + index),
        ]),
      ]),
    );
    const page = await site.open('alerts');
    const late = page.getByRole('region', { name: 'Late tickets by stage' });
    await late.getByText('2 tickets').waitFor();
    const shown = await late.locator('li strong').allTextContents();
    expect(shown.toSorted()).toEqual(['T-1', 'T-2', 'T-3']);
    expect(shown.indexOf('T-2')).toBeLessThan(shown.indexOf('T-1'));
    await late.getByText('40 days').waitFor();
    const log = page.getByRole('region', { name: 'Alerts sent' });
    expect((await log.locator('li strong').allTextContents()).slice(0, 3)).toEqual(['T-2', 'T-1', 'T-9']);
    await log.getByText('delivery uncertain').waitFor();
    await log.getByRole('button', { name: 'Show older alerts' }).click();
    await poll(() => log.locator('li').count()).toBe(57);
    expect(await seriousFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBe(0);
  });

  it('shows the start of a late ticket, its threshold, its recipients and its alerts', async () => {
    const { stage_entered_at: _none, ...bare } = ticket('R-77', 'repair', 20);
    const tickets = new Map<string, object>([
      ['t-77', bare],
      ['t-78', ticket('R-78', 'repair', 15.5)],
    ]);
    await seed(store(), 'tickets', tickets);
    await store()
      .doc('tickets/t-77/events/1')
      .set({ type: 'stage_changed', to: 'repair', at: at(21) });
    await seed(
      store(),
      'alert_recipients',
      new Map([
        ['boss', { name: 'Boss', email: 'boss@example.test', active: true }],
        ['away', { name: 'Away', email: 'away@example.test', active: false }],
      ]),
    );
    const of77 = { ticket_id: 't-77', ticket_number: 'R-77' };
    await seed(
      store(),
      'delay_alert_logs',
      new Map([
        ['1', entry('R-77', 30, of77)],
        ['2', entry('R-77', 6, { ...of77, recipient: 'earlier@example.test', state: 'failed' })],
        ['3', entry('T-9', 5)],
      ]),
    );
    const page = await site.open('alerts');
    const late = page.getByRole('region', { name: 'Late tickets by stage' });
    const row = (number: string) => page.getByRole('button', { name: number });
    expect(await row('R-77').textContent()).toContain('21 days in this stage (limit 14)');
    await row('R-77').press('Enter');
    const opened = late.locator('li', { has: row('R-77') });
    await opened.getByText('earlier@example.test').waitFor();
    await opened.getByText('Boss <boss@example.test>').waitFor();
    expect(await opened.locator('dl').textContent()).toMatch(
      /t-77.*for 21 days, since .*its last event into this stage .*Threshold14 days.*Late since/,
    );
    expect(await opened.locator('dl').textContent()).not.toContain('away@');
    expect(await opened.locator('li strong').allTextContents()).toEqual(['R-77', 'R-77']);
    expect(await seriousFaults(page)).toEqual([]);
    await row('R-77').press('Enter');
    await poll(() => opened.locator('dl').count()).toBe(0);
    await row('R-78').click();
    await late.getByText('No alert about it has been sent yet.').waitFor();
    await late.getByText('its field stage_entered_at').waitFor();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('banner').getByRole('combobox', { name: 'Language' }).selectOption('fr');
    await page.getByText('son champ stage_entered_at').waitFor();
  });

  it('restricts a recipient to some tickets, and snoozes a ticket', async () => {
    await seed(
      store(),
      'tickets',
      new Map([
        ['t-1', ticket('R-1', 'repair', 20, { assignee: 'Ada' })],
        ['t-2', ticket('R-2', 'parts', 30)],
      ]),
    );
    await store()
      .doc('alert_recipients/boss')
      .set({ name: 'Boss', email: 'boss@example.test', active: true });
    const page = await site.open('alerts');
    const boss = page.getByRole('group', { name: 'Boss' });
    await boss.getByText('Only some tickets').click();
    await boss.getByLabel('Stages').fill('repair, diagnosis');
    await boss.getByLabel('Assigned to').fill('Ada');
    await boss.getByLabel('From this many days').fill('no days');
    expect(await boss.getByLabel('From this many days').inputValue()).toBe('');
    await boss.getByLabel('From this many days').fill('15');
    await save(page);
    await page.getByText('The recipients are saved.').waitFor();
    expect(await recipients()).toMatchObject([
      { stages: ['repair', 'diagnosis'], assignee: 'Ada', min_days: 15 },
    ]);
    await page.reload();
    const late = page.getByRole('region', { name: 'Late tickets by stage' });
    await page.getByRole('button', { name: 'R-2' }).click();
    await late.getByText('none: no active recipient has this ticket').waitFor();
    await page.getByRole('button', { name: 'R-1' }).click();
    await late.getByText('Boss <boss@example.test>').waitFor();
    const opened = late.locator('li', { has: page.getByRole('button', { name: 'R-1' }) });
    await opened.getByLabel('No alert before').fill('2026-12-24');
    await opened.getByRole('button', { name: 'Snooze' }).click();
    await page.getByText('No alert about R-1 before that day.').waitFor();
    await poll(() => page.getByRole('button', { name: 'R-1' }).count()).toBe(0);
    const until = (await store().doc('tickets/t-1').get()).get('snoozed_until') as Timestamp;
    expect(until.toMillis()).toBe(new Date('2026-12-24T00:00').getTime());
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('runs nothing that stands in a name, a stage or an address', async () => {
    const evil = `"><img src=http://203.0.113.7/x onerror=alert(1)>`;
    await store().doc('alert_recipients/evil').set({ name: evil, email: 'a@b.test', active: true });
    await store()
      .doc('tickets/evil')
      .set(ticket(evil, evil, 20, { device: evil, customer_name: evil }));
    await store()
      .doc('delay_alert_logs/evil')
      .set(entry(evil, 5, { stage: evil, recipient: evil, state: evil }));
    const page = await site.open('alerts');
    await poll(() => page.locator('main').textContent()).toContain('onerror=alert(1)');
    await page.getByRole('region', { name: 'Alerts sent' }).locator('li').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect([site.complaints, site.outside]).toEqual([[], []]);
  });

  it('is where the page of old leads', async () => {
    const page = await site.open('alerts');
    await page.goto(`${site.url}/tickets/alerts/config/`);
    await page.getByRole('heading', { level: 1, name: 'Delay alerts' }).waitFor();
    expect(page.url()).toBe(`${site.url}/console/alerts`);
  });
});
