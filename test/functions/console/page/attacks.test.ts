import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../../../infra/local/loopback-server.ts';
import { withoutChromium } from '../../../support/chromium.ts';
import { NOW } from '../../../support/world.ts';
import { type ConsoleSite, openConsoleSite, poll } from './site.ts';

const FAILED = 'Sign-in failed. Try again.';

describe.skipIf(withoutChromium())('the console, attacked from other pages', () => {
  let site: ConsoleSite;
  /** The requests to the issuer's token endpoint. */
  const exchanges: string[] = [];
  beforeAll(async () => {
    site = await openConsoleSite();
    site.chromium.context.on('request', (request) => {
      if (request.url().endsWith('/token')) exchanges.push(request.postData() ?? '');
    });
  }, 120_000);
  afterAll(() => site?.stop());

  const tokensIn = (page: Awaited<ReturnType<ConsoleSite['open']>>) =>
    page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('oidc.user')));

  /** Opens an answer of the issuer in a tab, and requires that it signs nobody in. */
  async function expectRefused(
    page: Awaited<ReturnType<ConsoleSite['open']>>,
    answer: string,
  ): Promise<void> {
    await page.goto(answer);
    await page.getByText(FAILED).waitFor();
    expect(await tokensIn(page)).toEqual([]);
    // The code is taken out of the address, also of a refused answer.
    expect(page.url()).toBe(`${site.url}/console/`);
  }

  it('takes a code once: neither the same tab nor another one can replay it', async () => {
    const answers: string[] = [];
    site.chromium.context.on('request', (request) => {
      if (request.url().includes('/console/?code=')) answers.push(request.url());
    });
    const page = await site.open();
    const [answer = ''] = answers;
    expect(answer).toContain('state=');
    await page.evaluate(() => sessionStorage.clear());
    const before = exchanges.length;
    await expectRefused(page, answer);
    await expectRefused(await site.chromium.context.newPage(), answer);
    expect(exchanges.length).toBe(before);
  });

  it('does not give the code of another issuer to its own, and no code without a state that it made', async () => {
    const page = await site.chromium.context.newPage();
    const begin = async () => {
      await page.goto(`${site.url}/console/`);
      await page.getByRole('combobox', { name: /Language|Langue/ }).selectOption('en');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('input[name=username]').waitFor();
      return new URL(page.url()).searchParams.get('state') ?? '';
    };
    const before = exchanges.length;
    const mixed = new URLSearchParams({ code: 'stolen', state: await begin(), iss: 'https://evil.example' });
    await expectRefused(page, `${site.url}/console/?${mixed}`);
    const made = new URLSearchParams({ code: 'stolen', state: 'made-up' });
    await expectRefused(page, `${site.url}/console/?${made}`);
    expect(exchanges.length).toBe(before);
    // The issuer's own name is accepted: then its token endpoint decides, which knows no such code.
    const own = new URLSearchParams({
      ...{ code: 'stolen', state: await begin(), iss: site.console.world.issuer.issuer },
    });
    await expectRefused(page, `${site.url}/console/?${own}`);
    await poll(() => exchanges.length).toBe(before + 1);
  });

  it('isolates what turns the direction of names, subjects and file names that an older version stored', async () => {
    const { world } = site.console;
    const turned = { name: 'Bank \u202Emoc.elpmaxe@gnillib', address: 'evil@x.test' };
    await world.store.doc('inbox_messages/turned').set({
      ...{ org_id: 'o', integration_id: 'i', folder: 'INBOX', uid_validity: '1', uid: 1, thread_id: 't' },
      ...{ from: turned, to: [turned], cc: [turned], references: [], flags: [], seen: true, size: 9 },
      ...{
        subject: 'Invoice \u202Efdp.exe',
        snippet: 'x',
        text: 'x',
        received_at: new Date(NOW),
        removed_at: null,
      },
      attachments: [
        { part: '2', filename: 'a\u202Efdp.exe', mime_type: 'application/pdf', size: 9, inline: false },
      ],
      ...{ quarantined: null, in_quarantine: false, auto_reply: false },
    });
    const page = await site.open('inbox/threads/t');
    await page.getByText('evil@x.test').first().waitFor();
    const head = page.locator('button.message-head');
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
    await page.locator('.attachment').waitFor();
    const outside = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found: string[] = [];
      while (walker.nextNode()) {
        const { textContent, parentElement } = walker.currentNode;
        if (/[\u202a-\u202e\u2066-\u2069]/.test(textContent ?? '') && !parentElement?.closest('bdi'))
          found.push(textContent ?? '');
      }
      return found;
    });
    expect(outside).toEqual([]);
    await page.getByText('Invoice').first().waitFor();
  });

  it('is shown in no frame of a foreign page, and neither are its opt-out pages and answers', async () => {
    let foreign: LoopbackServer | undefined;
    try {
      const paths = ['/console/', '/console/settings', '/o/x.y', '/v1/admin/settings'];
      const frames = paths.map((path) => `<iframe src="${site.url}${path}"></iframe>`).join('');
      foreign = await serveLoopback(0, async (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end(frames);
      });
      const page = await site.chromium.context.newPage();
      await page.goto(foreign.url);
      await poll(() =>
        page
          .frames()
          .slice(1)
          .map((frame) => frame.url()),
      ).toEqual(paths.map(() => 'chrome-error://chromewebdata/'));
    } finally {
      await foreign?.stop();
    }
  });
});
