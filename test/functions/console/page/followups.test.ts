import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withoutChromium } from '../../../support/chromium.ts';
import { clearFollowups, followupFields, settingsFields, stamp } from '../../../support/followups.ts';
import { NOW } from '../../../support/world.ts';
import { lookThrough, seriousFaults } from './axe.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

const DAY_MS = 86_400_000;
const at = (days: number) => stamp(NOW.getTime() + days * DAY_MS);
/** A follow-up that was due `days` ago, with its mail due in `dueIn` days. */
const overdue = (days: number, dueIn: number, more: object = {}) =>
  followupFields({ due_date: at(-days), next_due_at: at(dueIn), ...more });
const unknown = (id: string) => ({
  followup: overdue(20, 0, {
    source_label: id,
    next_due_at: null,
    parked: { reason: 'unknown_delivery', at: at(-1), due_at: at(-2), detail: 'the connection was lost' },
  }),
  send: {
    org_id: 'org-1',
    state: 'unknown',
    message_id: '<made-up-of-level-1@ronde.test>',
    claimed_at: at(-1),
    settled_at: at(-1),
    response: null,
    run_id: 'process-followups!1',
  },
});

describe.skipIf(withoutChromium())('the pages of follow-ups in a real browser', () => {
  let site: ConsoleSite;
  beforeAll(async () => {
    site = await openConsoleSite();
  }, 120_000);
  afterAll(() => site?.stop());
  beforeEach(async () => {
    const { world } = site.console;
    await clearFollowups(world.store);
    await world.store.doc('billing_settings/org-1').set(settingsFields());
    await fetch(world.smtp.inbox, { method: 'DELETE' });
    for (const page of site.chromium.context.pages()) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      if (page.url() !== 'about:blank') await page.close();
    }
  });

  const store = () => site.console.world.store;
  const put = (id: string, fields: object) => store().doc(`followups/${id}`).set(fields);
  const stored = async (id: string) => (await store().doc(`followups/${id}`).get()).data();
  const inbox = async () =>
    (await (await fetch(site.console.world.smtp.inbox)).json()) as { to: string[]; html: string }[];
  const dialog = (page: Page) => page.getByRole('dialog');

  it('says where nothing is planned, to settle, to mend or sent', async () => {
    const page = await site.open('followups');
    for (const [view, text] of [
      ['Next', 'No reminder is planned.'],
      ['Uncertain', 'No mail is uncertain.'],
      ['To fix', 'Nothing needs fixing.'],
      ['Sent', 'No reminder has been sent yet.'],
    ] as const) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.getByText(text).waitFor();
    }
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('says that it is loading, and in words what is wrong when the server is gone', async () => {
    await put('a', overdue(20, -1));
    const page = await site.open('settings');
    const held = Promise.withResolvers<void>();
    await page.route(/\/api\/followups\?/, async (route) => {
      await held.promise;
      await route.abort();
    });
    await page.getByRole('link', { name: 'Follow-ups' }).click();
    await page.getByText('Loading…').first().waitFor();
    held.resolve();
    await page.getByText('The server cannot be reached').waitFor({ timeout: 20_000 });
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('F-2026-001').waitFor();
  });

  it('shows what goes when by days, with how far each is and what stands against it', async () => {
    await put('now', overdue(20, -1, { source_label: 'F-NOW' }));
    await put('tomorrow', overdue(6, 1, { source_label: 'F-TOMORROW', level: 0 }));
    await put('later', overdue(1, 20, { source_label: 'F-LATER', level: 1 }));
    await put(
      'paused',
      overdue(20, -1, {
        source_label: 'F-PAUSED',
        paused_until: stamp('9999-01-01'),
        next_due_at: stamp('9999-01-01'),
      }),
    );
    await put('paid', overdue(20, -1, { source_label: 'F-PAID', status: 'paid' }));
    const page = await site.open('followups', { language: 'fr' });
    const group = (name: string) => page.getByRole('region', { name, exact: true });
    await group('Échues').getByText('échue, elle part à la prochaine exécution').waitFor();
    await group('Demain').getByText('F-TOMORROW').waitFor();
    await group('Ensuite').getByRole('img', { name: '1 niveau envoyé sur 3' }).waitFor();
    expect(await page.locator('main').textContent()).not.toContain('F-PAID');
    expect((await group('Échues').textContent())?.replaceAll(/[\u00a0\u202f]/g, ' ')).toContain('1 250,50 €');
    await page.getByRole('link', { name: 'En attente', exact: true }).click();
    await page.getByText('F-PAUSED').waitFor();
  });

  it('keeps to one organisation where one is chosen, and goes on page by page', async () => {
    await store().doc('billing_settings/org-2').set(settingsFields());
    for (let index = 0; index < 60; index += 1)
      await put(`f-${index}`, overdue(20, -1 - index / 100, { org_id: index === 0 ? 'org-2' : 'org-1' }));
    const page = await site.open('followups');
    const lines = page.locator('li.followup');
    await poll(() => lines.count()).toBe(50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await poll(() => lines.count()).toBe(60);
    await page.getByRole('combobox', { name: 'Organisation' }).selectOption('org-2');
    await poll(() => lines.count()).toBe(1);
    expect(page.url()).toBe(`${site.url}/console/followups?org=org-2`);
    await page.getByRole('link', { name: 'Billing settings of org-2' }).click();
    await page.getByRole('heading', { level: 1, name: 'Billing settings of org-2' }).waitFor();
  });

  it('shows the very mail in a frame without scripts, then sends it once it is confirmed', async () => {
    await put('a', overdue(20, -1));
    const page = await site.open('followups/a');
    await page.getByText('It is due and goes with the next run.').waitFor();
    await page.getByRole('button', { name: 'Show the mail' }).click();
    const frame = page.locator('iframe.mail');
    await frame.waitFor();
    expect(await frame.getAttribute('sandbox')).not.toMatch(/allow-scripts|allow-same-origin/);
    const body = frame.contentFrame().locator('body');
    await body.getByText('F-2026-001').first().waitFor();
    // Its own style sheet is in force: it is the mail as it will look.
    expect(await body.evaluate((node) => getComputedStyle(node).maxWidth)).toBe('600px');
    const textOf = async (of: Locator) => (await of.textContent())?.replaceAll(/\s+/g, ' ').trim();
    const previewed = await textOf(body);
    await page.getByRole('button', { name: 'Send now' }).click();
    expect(await inbox()).toEqual([]);
    await dialog(page).getByText('Send the next level to ada@example.test now?').waitFor();
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    expect(await inbox()).toEqual([]);
    await page.getByRole('button', { name: 'Send now' }).click();
    await dialog(page).getByRole('button', { name: 'Send now' }).click();
    await page.getByText('Level 1 has been sent.').waitFor();
    const [mail, ...others] = await inbox();
    expect(others).toEqual([]);
    expect(mail?.to).toEqual(['ada@example.test']);
    const received = await site.chromium.context.newPage();
    await received.setContent(mail?.html ?? '');
    expect(await textOf(received.locator('body'))).toBe(previewed);
    await received.close();
    await page.getByRole('region', { name: 'Levels' }).getByText('sent', { exact: true }).waitFor();
    await page
      .getByRole('region', { name: 'History' })
      .getByText('sent: the mail server has accepted it')
      .waitFor();
    expect(await stored('a')).toMatchObject({ level: 1 });
  });

  it('says why a mail cannot be sent, and sends nothing', async () => {
    await put('a', overdue(20, -1, { customer: { name: 'Ada', email: null } }));
    const page = await site.open('followups/a', { language: 'fr' });
    await page.getByRole('button', { name: 'Afficher le courriel' }).click();
    await page.getByRole('alert').getByText('Le client n’a pas d’adresse e-mail.', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Envoyer maintenant' }).click();
    await dialog(page).getByRole('button', { name: 'Envoyer maintenant' }).click();
    await page
      .locator('.mantine-Notification-root')
      .getByText('Le client n’a pas d’adresse')
      .first()
      .waitFor();
    expect(await inbox()).toEqual([]);
  });

  it('pauses until a day, resumes, stops for a reason, and tells all of it with who did it', async () => {
    await put('a', overdue(20, -1));
    const page = await site.open('followups/a');
    await page.getByRole('button', { name: 'Pause' }).click();
    await dialog(page).getByLabel('Until').fill('2026-04-01');
    await dialog(page).getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    const paused = await stored('a');
    expect(paused?.['paused_until'].toDate().toISOString().slice(0, 8)).toMatch(/2026-0[34]-/);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await dialog(page).getByLabel('Why').fill('They called.');
    await dialog(page).getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Somebody has stopped it.').waitFor();
    expect(await stored('a')).toMatchObject({ status: 'stopped', stop_reason: 'stopped' });
    const history = page.getByRole('region', { name: 'History' });
    const lines = await history.locator('li').allTextContents();
    expect(lines.map((line) => /(stopped|resumed|paused)/.exec(line)?.[0]).toSorted()).toEqual([
      'paused',
      'resumed',
      'stopped',
    ]);
    await history.getByText('They called.').waitFor();
    expect(await history.getByText('by admintest1').count()).toBe(3);
    await page.getByRole('button', { name: 'Resume' }).click();
    await poll(async () => (await stored('a'))?.['status']).toBe('open');
  });

  it.each([
    ['It went out', 'sent', { level: 1 }],
    ['It did not go out', 'failed', { level: 0, parked: null }],
  ] as const)('settles a mail of unknown fate: %s', async (button, state, after) => {
    const { followup, send } = unknown('F-LOST');
    await put('a', followup);
    await store().doc('followups/a/sends/1').set(send);
    const page = await site.open('followups?view=uncertain');
    await page.getByRole('link', { name: 'F-LOST' }).click();
    await page.getByText('Did this mail arrive?').waitFor();
    await page.getByText(send.message_id).first().waitFor();
    expect(await page.getByRole('button', { name: 'Send now' }).count()).toBe(0);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('button', { name: button, exact: true }).click();
    await dialog(page).getByRole('button', { name: button, exact: true }).click();
    await page.getByText('Settled.').waitFor();
    // The dialog bears the same words as the notice until it has gone.
    await dialog(page).waitFor({ state: 'detached' });
    await page.getByText('Did this mail arrive?').waitFor({ state: 'detached' });
    expect((await store().doc('followups/a/sends/1').get()).get('state')).toBe(state);
    expect(await stored('a')).toMatchObject(after);
    await page.getByRole('region', { name: 'History' }).getByText('delivery settled').waitFor();
  });

  it('tells what switching on means before it does, and holds what is old until that is confirmed', async () => {
    await store()
      .doc('billing_settings/org-1')
      .set(settingsFields({ auto_followups_enabled: false, max_per_run: 2 }));
    for (const [id, late, days] of [
      ['old-1', 250, -200],
      ['old-2', 31, -24],
      ['new-1', 30, -23],
      ['new-2', 10, -3],
      ['new-3', 8, -1],
    ] as const)
      await put(id, overdue(late, days, { source_label: id.toUpperCase() }));
    const page = await site.open('billing/org-1');
    await page.getByText('They are off: nothing goes by itself.').waitFor();
    await page.getByRole('button', { name: 'Switch on…' }).click();
    for (const text of ['3 mails are due now', 'the first run sends 2 of them', '2 more than 30 days late'])
      await dialog(page).getByText(text).waitFor();
    expect(await dialog(page).getByRole('link').allTextContents()).toEqual(['NEW-1', 'NEW-2', 'NEW-3']);
    const settings = async () => (await store().doc('billing_settings/org-1').get()).data();
    expect(await settings()).toMatchObject({ auto_followups_enabled: false });
    expect(await seriousFaults(page)).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('They are on').waitFor();
    const parked = async () => (await store().doc('followups/old-1').get()).get('parked');
    expect(await parked()).toMatchObject({ reason: 'held' });
    await page.getByText('2 follow-ups are held').waitFor();
    await page.getByRole('button', { name: 'Release…' }).click();
    await dialog(page).getByText('5 mails are due now').waitFor();
    await dialog(page).getByRole('button', { name: 'Release…' }).click();
    await poll(parked).toBeNull();
    await page.getByText('2 follow-ups are held').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Switch off' }).click();
    await dialog(page).getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('They are off').waitFor();
  });

  it('leads from a follow-up that is held to where it is confirmed, and shows its id to copy', async () => {
    await store().doc('billing_settings/atelier').set(settingsFields());
    const parked = { reason: 'held', at: at(-1), due_at: at(-200), detail: null };
    const one = { org_id: 'atelier', source_label: 'F-1', next_due_at: null, parked };
    await put('id-of-f-1', overdue(250, -200, one));
    await site.chromium.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await site.open('followups/id-of-f-1', { language: 'fr' });
    await page.getByRole('button', { name: 'Copier' }).click();
    await page.getByRole('button', { name: 'Copié' }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('id-of-f-1');
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'La confirmer dans les réglages' }).click();
    await page
      .getByRole('heading', { level: 1, name: 'Réglages de facturation d’atelier', exact: true })
      .waitFor();
    await page.getByText('1 relance est retenue').waitFor();
  });

  it('changes the rules of an organisation, names faults, and tells the second of two administrators', async () => {
    const page = await site.open('billing/org-1');
    const second = await site.open('billing/org-1');
    const save = (of: Page) => of.getByRole('button', { name: 'Save' }).click();
    for (const of of [second, page]) {
      await of.bringToFront();
      await of.getByLabel('Mails per day').waitFor();
    }
    await page.getByLabel('Level 2, Days').first().fill('5');
    await page.getByLabel('Days between two mails').fill('0');
    await save(page);
    await page.getByText('Whole days up to 365, each more than the one before').waitFor();
    await page.getByText('Enter a whole number from 1 to 365.').waitFor();
    await page.getByLabel('Level 2, Days').first().fill('16');
    await page.getByLabel('Days between two mails').fill('6');
    await page.getByLabel('Quiet hours from').fill('20:00');
    await page.getByLabel('until (such as').fill('08:00');
    await page.getByLabel('On business days only').click();
    await page.getByLabel('Mails per run').fill('25');
    await save(page);
    await page.getByText('Saved.').waitFor();
    const settings = (await store().doc('billing_settings/org-1').get()).data();
    expect(settings).toMatchObject({
      levels: { invoice: [{ after_days: 7 }, { after_days: 16 }, { after_days: 30 }] },
      quiet_hours: { from: '20:00', to: '08:00' },
      ...{ min_gap_days: 6, max_per_run: 25, max_per_day: null, business_days_only: true },
    });
    await second.bringToFront();
    await second.getByLabel('Mails per day').fill('7');
    await save(second);
    await second.getByText('Somebody else has saved these settings.').waitFor();
    await second.getByRole('button', { name: 'Discard mine and load' }).click();
    await poll(() => second.getByLabel('Mails per run').inputValue()).toBe('25');
  });

  it('asks before saved settings change which mails go, with the very mails', async () => {
    await put('a', overdue(10, -3, { source_label: 'F-10' }));
    await put('b', overdue(2, 5, { source_label: 'F-2' }));
    const page = await site.open('billing/org-1');
    const stored = async () => (await store().doc('billing_settings/org-1').get()).get('levels');
    const first = page.getByLabel('Level 1, Days').first();
    await first.fill('12');
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByText('What changes in the next 30 days:').waitFor();
    await dialog(page)
      .getByText(/\d+ mails? goe?s? later/)
      .waitFor();
    expect(await dialog(page).getByRole('link').allTextContents()).toContain('F-2');
    expect(await seriousFaults(page)).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    expect(await stored()).toBeUndefined();
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    expect((await stored()).invoice[0]).toMatchObject({ after_days: 12 });
  });

  it('changes the text of a level for one language, names what cannot be filled in, and puts it back', async () => {
    await put('a', overdue(20, -1));
    const page = await site.open('billing/org-1');
    await page.getByRole('link', { name: 'Texts of the mails' }).click();
    const subject = page.getByLabel('Subject');
    await page.getByText('text that comes with Ronde', { exact: true }).waitFor();
    expect(await subject.inputValue()).toBe('Rappel : facture {{label}} échue le {{due_date}}');
    await page.getByLabel('Mail', { exact: true }).selectOption('Quotes, level 1 (courteous)');
    expect(await subject.inputValue()).toBe('Notre devis {{label}}');
    await page.getByLabel('Mail', { exact: true }).selectOption('Invoices, level 1 (courteous)');
    await subject.fill('Facture {{label}} de {{nobody}}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('{{nobody}} cannot be filled in').waitFor();
    await subject.fill('Facture {{label}} : {{amount}} !');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('the organisation’s own text', { exact: true }).waitFor();
    expect((await store().doc('billing_settings/org-1').get()).get('templates')).toEqual({
      invoice_courteous: {
        fr: {
          subject: 'Facture {{label}} : {{amount}} !',
          text: expect.stringContaining('{{customer_name}}'),
        },
      },
    });
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByLabel('Language of the customer').selectOption('en');
    expect(await subject.inputValue()).toBe('Reminder: invoice {{label}}, due {{due_date}}');
    const mail = await site.open('followups/a');
    await mail.getByRole('button', { name: 'Show the mail' }).click();
    await mail.getByText(/^Facture F-2026-001 : 1.250,50.€ !$/).waitFor();
    await mail.close();
    await page.bringToFront();
    await page.getByLabel('Language of the customer').selectOption('fr');
    await page.getByRole('button', { name: 'Restore the text that comes with Ronde' }).click();
    await poll(() => subject.inputValue()).toBe('Rappel : facture {{label}} échue le {{due_date}}');
    expect((await store().doc('billing_settings/org-1').get()).get('templates')).toEqual({});
  });

  it('has no serious fault by axe, and fits 360 pixels, in both languages and themes, whatever stands there', async () => {
    const long = 'x'.repeat(200);
    const { followup, send } = unknown(long);
    await put('a', overdue(20, -1));
    await put(
      'b',
      overdue(20, 3, { source_label: long, customer: { name: long, email: `${long}@example.test` } }),
    );
    await put('c', followup);
    await store()
      .doc('followups/c/sends/1')
      .set({ ...send, response: long });
    await store()
      .doc('followups/c/history/1')
      .set({ at: at(-1), reason: 'sent', level: 1, detail: long, by: long });
    const page = await site.open('followups');
    await lookThrough(page, site.url, [
      'followups',
      'followups?view=uncertain',
      'followups/c',
      'billing/org-1',
      'billing/org-1/templates',
    ]);
  });

  it('runs nothing that stands in a name, a reason or a mail', async () => {
    const evil = `"><img src=http://203.0.113.7/x onerror=alert(1)><script>alert(2)</script>`;
    await put(
      'evil',
      overdue(20, -1, { source_label: evil, customer: { name: evil, email: 'a@example.test' } }),
    );
    await store()
      .doc('followups/evil/history/1')
      .set({ at: at(-1), reason: evil, level: 1, detail: evil, response: evil, by: evil });
    const page = await site.open('followups');
    await poll(() => page.locator('main').textContent()).toContain('alert(2)');
    await page.locator('main li a').first().click();
    await page.getByRole('region', { name: 'History' }).getByText('alert(2)').first().waitFor();
    await page.getByRole('button', { name: 'Show the mail' }).click();
    await page.locator('iframe.mail').contentFrame().getByText('alert(2)').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  it('has broken no rule of its policy in all of this, and asked nobody outside', () => {
    expect(site.complaints).toEqual([]);
    expect(site.outside).toEqual([]);
  });
});
