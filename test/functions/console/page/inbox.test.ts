import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Timestamp } from '@google-cloud/firestore';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalImap, startImap } from '../../../../infra/local/imap/imap.ts';
import { withoutChromium } from '../../../support/chromium.ts';
import { hostileHtml } from '../../../support/inbox/hostile-html.ts';
import { startImapFaults } from '../../../support/inbox/imap-faults.ts';
import { withoutDovecot } from '../../../support/inbox/inbox.ts';
import { addIntegration } from '../../../support/inbox/integrations.ts';
import { mail, openMailbox } from '../../../support/inbox/mailbox.ts';
import { evenly, spamAssassin, WHOLE } from '../../../support/inbox/spam-assassin.ts';
import { clear, NOW } from '../../../support/world.ts';
import { lookThrough, seriousFaults } from './axe.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

/** Shows this many HTML mails of the SpamAssassin corpus, taken evenly, and this many a page; CORPUS=all shows all. */
const SHOWN = 40;
/** Elements of a shown mail that run, load, send or cover. */
const ACTIVE =
  'script, img, iframe, frame, object, embed, form, input, style, link, meta, svg, math, video, audio, [src], [srcset], [background], [style]';
const html = (body: string, headers: Record<string, string> = {}) =>
  mail({ 'Content-Type': 'text/html; charset=utf-8', ...headers }, `${body}\r\n`);

const absent = [withoutChromium(), withoutDovecot()].includes(true);

describe.skipIf(absent)('the pages of mail in a real browser', () => {
  let site: ConsoleSite;
  let imap: LocalImap;
  /** Somebody else's server, and what it was asked. */
  let outside: Server;
  const asked: string[] = [];
  let accounts = 0;

  beforeAll(async () => {
    const users = Array.from({ length: 12 }, (_, index) => `user${index}`);
    imap = (await startImap({ prefer: 'real', users })) as LocalImap;
    outside = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    });
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
    site = await openConsoleSite();
  }, 120_000);
  afterAll(async () => {
    await site?.stop();
    await imap?.stop();
    outside?.close();
  });
  beforeEach(async () => {
    for (const name of ['inbox_integrations', 'inbox_messages']) await clear(store(), name);
    for (const page of site.chromium.context.pages()) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      if (page.url() !== 'about:blank') await page.close();
    }
  });

  const store = () => site.console.world.store;
  const elsewhere = () => `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const post = async (path: string) => {
    const { status, body } = await site.console.call('POST', path, {});
    expect(status).toBe(200);
    return body;
  };
  /** A mailbox of its own with these mails. */
  async function mailbox(mails: readonly (string | Buffer)[], changes: Record<string, unknown> = {}) {
    const user = imap.users[accounts++];
    if (!user) throw new Error('more accounts are needed');
    const client = await openMailbox(imap, user);
    for (const [index, one] of mails.entries())
      await client.append(one, { date: new Date(NOW.getTime() - (mails.length - index) * 60_000) });
    await client.close();
    return await addIntegration(site.console.world, imap, user, changes);
  }
  const synchronised = async (mails: readonly (string | Buffer)[]) => {
    const id = await mailbox(mails);
    await post(`/api/inbox/integrations/${id}/sync`);
    return id;
  };
  const stored = async () => (await store().collection('inbox_messages').get()).docs;
  const box = (page: Page, name: RegExp) => page.getByRole('region', { name });
  const openAll = async (page: Page) => {
    const closed = page.locator('button.message-head[aria-expanded=false]');
    while ((await closed.count()) > 0) await closed.first().click();
  };

  it('says where there is no mail, no mailbox and nothing in quarantine', async () => {
    const page = await site.open('inbox');
    for (const [view, text] of [
      ['Mail', 'No mail has been synchronised yet.'],
      ['Mailboxes', 'There is no mailbox yet.'],
      ['Quarantine', 'The quarantine is empty'],
    ] as const) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.getByText(text).waitFor();
    }
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('says that it is loading, and in words what is wrong when the server is gone', async () => {
    const page = await site.open('settings');
    const held = Promise.withResolvers<void>();
    await page.route(/\/api\/inbox\//, async (route) => {
      await held.promise;
      await route.abort();
    });
    await page.getByRole('link', { name: 'Inbox' }).click();
    await page.getByText('Loading…').first().waitFor();
    held.resolve();
    await page.getByText('The server cannot be reached').waitFor({ timeout: 20_000 });
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No mail has been synchronised yet.').waitFor();
  });

  it('adds a mailbox: it is tried first, says what its server can, and its folders are chosen', async () => {
    const user = imap.users[accounts++];
    if (!user) throw new Error('more accounts are needed');
    const client = await openMailbox(imap, user);
    await client.append(mail());
    await client.close();
    const page = await site.open('inbox?view=mailboxes');
    await page.getByRole('button', { name: 'Add a mailbox' }).click();
    const form = page.getByRole('region', { name: 'A new mailbox' });
    await form.getByRole('button', { name: 'Try the connection' }).click();
    await form.getByText('Enter the name of a server').waitFor();
    await poll(() => form.getByText('Required.').count()).toBe(3);
    await form.getByLabel('Organisation').fill('org-1');
    await form.getByLabel('Name (optional)').fill('Office');
    await form.getByLabel('Mail server (IMAP)').fill(imap.host);
    await form.getByLabel('Encryption').selectOption('starttls');
    expect(await form.getByLabel('Port').inputValue()).toBe('143');
    await form.getByLabel('Port').fill(String(imap.port));
    await form.getByLabel('User').fill(user.user);
    await form.getByLabel('Password').fill('wrong-made-up');
    await form.getByRole('button', { name: 'Try the connection' }).click();
    await form.getByText('The server refuses the sign-in').waitFor();
    expect(await form.getByRole('button', { name: 'Add this mailbox' }).count()).toBe(0);
    await form.getByLabel('Password').fill(user.password);
    await poll(() => form.getByText('The server refuses the sign-in').count()).toBe(0);
    await form.getByRole('button', { name: 'Try the connection' }).click();
    await form.getByText('The connection works.').waitFor();
    await form.getByText(/Server capabilities \(\d+\)/).click();
    await form.getByText(/CONDSTORE/).waitFor();
    expect(await form.getByLabel('INBOX (1)').isChecked()).toBe(true);
    await form.getByLabel('Sent (0)').check();
    expect((await store().collection('inbox_integrations').get()).size).toBe(0);
    expect(await seriousFaults(page)).toEqual([]);
    await form.getByRole('button', { name: 'Add this mailbox' }).click();
    await page.getByText('Office is added; the next run synchronises it.').waitFor();
    await box(page, /^Office/)
      .getByText('INBOX, Sent')
      .waitFor();
    const [added] = (await store().collection('inbox_integrations').get()).docs;
    expect(added?.data()).toMatchObject({
      ...{ org_id: 'org-1', label: 'Office', host: imap.host, port: imap.port, secure: false },
      ...{ active: true, notify_email: null, folders: ['INBOX', 'Sent'] },
      auth: { method: 'password', user: user.user },
    });
    expect(await page.content()).not.toContain(user.password);
    await box(page, /^Office/)
      .getByRole('button', { name: 'Synchronise now' })
      .click();
    await page.getByText('1 new, 0 changed, 0 deleted.').waitFor();
  });

  it('says in words what is wrong with a new mailbox, in French and on 360 pixels too', async () => {
    const page = await site.open('inbox?view=mailboxes', { language: 'fr' });
    await page.setViewportSize({ width: 360, height: 800 });
    await page.getByRole('button', { name: 'Ajouter une boîte' }).click();
    const form = page.getByRole('region', { name: 'Une nouvelle boîte' });
    for (const [label, text] of [
      ['Organisation', 'org-1'],
      ['Serveur de messagerie (IMAP)', '10.0.0.1'],
      ['Utilisateur', 'x'.repeat(200)],
      ['Mot de passe', 'made-up'],
      ['Qui prévenir', 'personne'],
    ] as const)
      await form.getByLabel(label).fill(text);
    await form.getByRole('button', { name: 'Essayer la connexion' }).click();
    await form.getByText('Ce n’est pas une adresse e-mail.').waitFor();
    await form.getByLabel('Qui prévenir').fill('');
    await form.getByRole('button', { name: 'Essayer la connexion' }).click();
    await form.getByText('Cet hôte n’est pas autorisé.').waitFor();
    await form.getByLabel('Serveur de messagerie (IMAP)').fill('127.0.0.1');
    await form.getByLabel('Port').fill('1');
    await form.getByRole('button', { name: 'Essayer la connexion' }).click();
    await form.getByText('Le serveur est injoignable.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    const wider = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await wider()).toBe(0);
    await form.getByRole('button', { name: 'Annuler' }).click();
    await page.getByRole('button', { name: 'Ajouter une boîte' }).waitFor();
    expect((await store().collection('inbox_integrations').get()).size).toBe(0);
  });

  it('synchronises a mailbox by hand and tells what was announced and what is stored', async () => {
    const id = await mailbox([mail(), mail({ Subject: 'Another' })]);
    const page = await site.open('inbox?view=mailboxes');
    const card = box(page, /^Mailbox user/);
    await card.getByText('not tried yet').waitFor();
    await card.getByRole('button', { name: 'Synchronise now' }).click();
    await page.getByText('2 new, 0 changed, 0 deleted.').waitFor();
    await card.getByText('2 announced, 2 stored').waitFor();
    await card.getByText('working', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Folder progress' }).click();
    await card.getByRole('list', { name: 'Folders' }).getByText('2 stored').waitFor();
    await card.getByRole('button', { name: 'Try the connection' }).click();
    await page.getByText(/It works: \d+ folders/).waitFor();
    await card.getByRole('button', { name: 'Switch off' }).click();
    await card.getByText('switched off').waitFor();
    expect((await store().doc(`inbox_integrations/${id}`).get()).get('active')).toBe(false);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('tells in the dialog how far a run is that takes more than five seconds, and then how it ended', async () => {
    const stalling = await startImapFaults(imap);
    stalling.fault = { how: 'stall' };
    const user = imap.users[accounts++];
    if (!user) throw new Error('more accounts are needed');
    const client = await openMailbox(imap, user);
    await client.append(mail());
    await client.close();
    await addIntegration(site.console.world, stalling, user);
    await mailbox([mail()]);
    const page = await site.open();
    await page.getByRole('button', { name: 'Run…: Synchronise the inbox' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Synchronise 2 mailboxes' }).click();
    await dialog.getByText('Loading…').waitFor();
    // A run says nothing of itself before its fifth second.
    await dialog.getByText('1 checked · 1 mailbox synchronised').waitFor();
    await dialog.getByText('Loading…').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await stalling.stop();
    await dialog.getByText('2 checked · 1 mailbox synchronised · 1 failed').waitFor();
    await dialog.getByText('partly failed').waitFor();
    expect(await dialog.getByText('Loading…').count()).toBe(0);
  });

  it('says in words why a mailbox fails and when it is tried again, and never shows its password', async () => {
    const user = imap.users[accounts++];
    const id = await addIntegration(site.console.world, imap, {
      user: user?.user ?? '',
      password: 'wrong-made-up',
    });
    const page = await site.open('inbox?view=mailboxes', { language: 'fr' });
    const card = box(page, /^Mailbox user/);
    await card.getByRole('button', { name: 'Synchroniser maintenant' }).click();
    await page.locator('.mantine-Notification-root').getByText('Le serveur refuse la connexion').waitFor();
    await card.getByText('nouvel essai prévu').waitFor();
    await card.getByText('1 échec').waitFor();
    await card.getByText('Le serveur refuse la connexion').waitFor();
    await store()
      .doc(`inbox_integrations/${id}`)
      .update({
        last_run: { at: Timestamp.fromDate(NOW), announced: 9, stored: 7, complete: false },
      });
    await page.reload();
    await card.getByText('9 annoncés, 7 enregistrés').waitFor();
    await card.getByText('2 manquent encore ; la prochaine synchronisation continue').waitFor();
    expect(await page.content()).not.toContain('wrong-made-up');
  });

  it('shows conversations, and the attachments of a mail come when they are asked for', async () => {
    const boundary = 'made-up-boundary';
    const withFile = mail(
      {
        Subject: 'The invoice',
        'Message-ID': '<two@example.test>',
        'In-Reply-To': '<one@example.test>',
        References: '<one@example.test>',
        'Content-Type': `multipart/mixed; boundary=${boundary}`,
      },
      [
        `--${boundary}`,
        'Content-Type: text/plain; charset=utf-8',
        '',
        'It is enclosed.',
        `--${boundary}`,
        'Content-Type: text/html; name="../../evil<img>.html"',
        'Content-Disposition: attachment; filename="../../evil<img>.html"',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from('<script>alert(1)</script>').toString('base64'),
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
    await synchronised([mail({ 'Message-ID': '<one@example.test>', Subject: 'A question' }), withFile]);
    const page = await site.open('inbox');
    const line = page.locator('li.mail-line');
    await line.getByText('2 mails').waitFor();
    expect(await line.count()).toBe(1);
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(request.url()));
    await line.getByRole('link').click();
    await page.getByText('It is enclosed.').waitFor();
    expect(await page.locator('button.message-head').count()).toBe(2);
    expect(fetched.filter((url) => url.includes('/attachments/'))).toEqual([]);
    const folder = await mkdtemp(join(tmpdir(), 'ronde-downloads-'));
    const browser = await site.chromium.browser.newBrowserCDPSession();
    await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    await page.getByRole('group', { name: 'Attachments' }).getByRole('button').click();
    const kept = async () =>
      Promise.all(
        (await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name), 'utf8')]),
      );
    await poll(kept).toEqual([
      [expect.stringMatching(/^[^/\\<>]*evil[^/\\<>]*$/), '<script>alert(1)</script>'],
    ]);
    await rm(folder, { recursive: true });
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('names the mailbox of each mail of a conversation that came to two', async () => {
    const copy = mail({ 'Message-ID': '<both@example.test>', Subject: 'To both of you' });
    for (const label of ['Office', 'Accounts']) {
      const id = await mailbox([copy], { label });
      await post(`/api/inbox/integrations/${id}/sync`);
    }
    const page = await site.open('inbox');
    await page.getByRole('link', { name: 'To both of you' }).click();
    const heads = page.locator('button.message-head');
    await poll(async () =>
      (await heads.allTextContents()).map((text) => /INBOX, \w+/.exec(text)?.[0]).toSorted(),
    ).toEqual([expect.stringContaining('INBOX, Accounts'), expect.stringContaining('INBOX, Office')]);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('shows what is in quarantine and why', async () => {
    const id = await mailbox([]);
    await store()
      .doc('inbox_messages/bad')
      .set({
        ...{
          org_id: 'org-1',
          integration_id: id,
          folder: 'INBOX',
          uid_validity: '1',
          uid: 7,
          thread_id: 'bad',
        },
        ...{
          from: null,
          to: [],
          cc: [],
          subject: '',
          snippet: '',
          text: '',
          attachments: [],
          references: [],
        },
        ...{ received_at: Timestamp.fromDate(NOW), removed_at: null, seen: false, flags: [], size: 0 },
        quarantined: { reason: 'announced but not returned', attempts: 3 },
        in_quarantine: true,
      });
    const page = await site.open('inbox?view=quarantine');
    await page.getByText('announced but not returned').waitFor();
    await page.getByText(/^INBOX, Mailbox user/).waitFor();
    await page.getByText('3 tries').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Mail', exact: true }).click();
    await page.getByText('No mail has been synchronised yet.').waitFor();
  });

  it('shows every mail of a hostile corpus: nothing runs, and nothing is asked of anybody', async () => {
    const corpus = hostileHtml(elsewhere());
    const root = '<root@hostile.test>';
    await synchronised(
      corpus.map(([name, body], index) =>
        html(`<p>mail ${index}</p>${body}`, {
          Subject: name.replaceAll(/[^ -~]/g, '?'),
          'Message-ID': `<${index}@hostile.test>`,
          References: root,
        }),
      ),
    );
    const [first] = await stored();
    const page = await site.open(`inbox/threads/${first?.get('thread_id')}`);
    await poll(() => page.locator('button.message-head').count()).toBe(corpus.length);
    await openAll(page);
    const frames = page.locator('iframe.mail');
    // Each body is fetched when its mail is opened.
    await poll(() => frames.count()).toBe(corpus.length);
    for (let index = 0; index < corpus.length; index += 1) {
      const inside = frames.nth(index).contentFrame();
      await inside.getByText(`mail ${index}`, { exact: true }).waitFor();
      expect(
        await inside.locator('script, img, iframe, object, embed, form, style, link, video').count(),
      ).toBe(0);
    }
    await page.getByText('Pictures from outside are not loaded').first().waitFor();
    expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
    expect(page.url()).toContain('/console/inbox/threads/');
    expect([asked, site.complaints, site.outside]).toEqual([[], [], []]);
  });

  it(`shows ${WHOLE ? 'all' : SHOWN} HTML mails of the SpamAssassin corpus: nothing runs, nothing is loaded`, {
    timeout: 600_000,
  }, async () => {
    const mails = [...spamAssassin().values()].filter((raw) =>
      /^content-type:\s*text\/html/im.test(raw.toString('latin1')),
    );
    const chosen = WHOLE ? mails : evenly(mails, SHOWN);
    const id = await mailbox(chosen);
    while (!(await post(`/api/inbox/integrations/${id}/sync`)).complete);
    const documents = await stored();
    expect(documents.length).toBe(chosen.length);
    // Many in one conversation: the page then shows them together.
    for (const [index, { ref }] of documents.entries())
      await ref.update({ thread_id: `corpus-${Math.floor(index / SHOWN)}` });
    const page = await site.open('inbox');
    const sums = { frames: 0, letters: 0 };
    for (let first = 0; first < documents.length; first += SHOWN) {
      const some = documents.slice(first, first + SHOWN);
      await page.goto(`${site.url}/console/inbox/threads/corpus-${first / SHOWN}`);
      await poll(() => page.locator('button.message-head').count()).toBe(some.length);
      await openAll(page);
      const frames = page.locator('iframe.mail');
      await poll(() => frames.count()).toBe(some.filter((document) => document.get('html')).length);
      for (let index = 0; index < (await frames.count()); index += 1) {
        const inside = frames.nth(index).contentFrame();
        // Some say nothing in their HTML: there is nothing to be seen then.
        await inside.locator('body').waitFor({ state: 'attached' });
        sums.frames += 1;
        sums.letters += (await inside.locator('body').textContent())?.length ?? 0;
        expect(await inside.locator(ACTIVE).count()).toBe(0);
        expect(await inside.locator('xpath=//*[@*[starts-with(name(), "on")]]').count()).toBe(0);
      }
      expect([asked, site.complaints, site.outside]).toEqual([[], [], []]);
    }
    process.stdout.write(`${sums.frames} HTML mails of ${chosen.length} shown, ${sums.letters} letters\n`);
    expect(sums.frames).toBeGreaterThan(chosen.length * 0.8);
    expect(sums.letters).toBeGreaterThan(chosen.length * 250);
  });

  it('has no serious fault by axe, and fits 360 pixels, in both languages and themes, whatever stands there', async () => {
    const long = 'x'.repeat(200);
    const id = await synchronised([
      html(`<p>${long}</p><img src="https://example.test/a.png" alt="${long}">`, {
        Subject: long,
        From: `${long} <a@b.test>`,
      }),
      mail({ Subject: long }, `${long}\r\n`),
    ]);
    await store()
      .doc(`inbox_integrations/${id}`)
      .update({ label: long, 'health.last_error': `network: ${long}`, 'health.failures': 2 });
    const [first] = await stored();
    const page = await site.open('inbox');
    await lookThrough(page, site.url, [
      'inbox',
      'inbox?view=mailboxes',
      `inbox/threads/${first?.get('thread_id')}`,
    ]);
  });

  it('has broken no rule of its policy in all of this, and asked nobody outside', () => {
    expect([asked, site.complaints, site.outside]).toEqual([[], [], []]);
  });

  it('lets nothing run or be loaded even where a stored mail was never sanitised', async () => {
    const corpus = hostileHtml(elsewhere());
    for (const [index, [name, body]] of corpus.entries())
      await store()
        .doc(`inbox_messages/raw-${index}`)
        .set({
          ...{ org_id: 'org-1', integration_id: 'none', folder: 'INBOX', uid_validity: '1', uid: index },
          ...{ thread_id: 'raw', from: { name: name, address: 'a@b.test' }, to: [], cc: [], attachments: [] },
          ...{
            subject: 'raw',
            snippet: body,
            text: body,
            html: `<p>mail ${index}</p>${body}`,
            references: [],
          },
          received_at: Timestamp.fromMillis(NOW.getTime() + index),
          ...{ removed_at: null, quarantined: null, seen: true, flags: [], size: 0 },
        });
    const page = await site.open('inbox/threads/raw');
    await poll(() => page.locator('button.message-head').count()).toBe(corpus.length);
    await openAll(page);
    const frames = page.locator('iframe.mail');
    for (let index = 0; index < corpus.length; index += 1)
      await frames.nth(index).contentFrame().getByText(`mail ${index}`, { exact: true }).waitFor();
    expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
    expect(page.url()).toBe(`${site.url}/console/inbox/threads/raw`);
    // The browser says what it refused; that it did refuse is what somebody else's server shows.
    expect(site.complaints.filter((text) => text.startsWith('dialog'))).toEqual([]);
    expect(site.complaints.length).toBeGreaterThan(0);
    expect(asked).toEqual([]);
  });
});
