import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { normaliseAddress, parseMailbox, requireAddress } from '../../../../shared/doors/mail/address.ts';
import { html, page } from '../../../../shared/doors/mail/html.ts';
import { compose, type Mail, messageIdOf } from '../../../../shared/doors/mail/message.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const config: MailConfig = {
  host: 'smtp.example.test',
  port: 587,
  tls: 'starttls',
  login: undefined,
  limits: { connections: 8, perMinute: null },
  from: { name: 'Atelier', address: 'noreply@atelier.test' },
  redirectTo: undefined,
  paused: false,
  key: 'k'.repeat(32),
};
const mail: Mail = {
  key: 'followup/f1/1',
  to: { name: 'Ada', address: 'ada@example.test' },
  locale: 'fr',
  subject: 'Bonjour',
  text: 'Bonjour\n',
  html: '<p>Bonjour</p>',
};

async function parsed(changes: Partial<Mail> = {}, settings: Partial<MailConfig> = {}) {
  const composed = await compose({ ...mail, ...changes }, { ...config, ...settings }, NOW);
  const message = await PostalMime.parse(composed.raw);
  const header = (name: string) => message.headers.find(({ key }) => key === name)?.value;
  return { composed, message, header };
}

/** The header lines as they stand in the raw mail, unfolded. */
function rawHeaders(raw: Buffer): string[] {
  const head = raw.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
  return head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
}

describe('an address', () => {
  it.each([
    [' Ada@Example.Test ', 'ada@example.test'],
    ['a+b@x.example.test', 'a+b@x.example.test'],
    ['info@Müller.example', 'info@xn--mller-kva.example'],
    ["o'brien@example.test", "o'brien@example.test"],
  ])('%j is taken as %s', (text, address) => {
    expect(normaliseAddress(text)).toBe(address);
    expect(normaliseAddress(address)).toBe(address);
  });

  it.each([
    '',
    '@',
    'ada',
    'ada@',
    '@example.test',
    'ada@localhost',
    'ada@@example.test',
    'ada smith@example.test',
    'ada@exam ple.test',
    'a@example.test, b@example.test',
    '<ada@example.test>',
    'ada@example.test\r\nBcc: eve@example.test',
    'ada@example.test\nRCPT TO:<eve@example.test>',
    'ada\u0000@example.test',
    'adà@example.test',
    '.ada@example.test',
    'ada.@example.test',
    'a..b@example.test',
    `${'a'.repeat(65)}@example.test`,
    `a@${'b.'.repeat(130)}test`,
    'ada@-example.test',
    'ada@example.test/x',
    'ada@ex%41mple.test',
    'ada@exa\tmple.test',
    'ada@example.test:25',
    'ada@[127.0.0.1]',
  ])('%j is refused, and the fault names it', (text) => {
    expect(normaliseAddress(text)).toBe(null);
    expect(() => requireAddress(text)).toThrow(/is not an e-mail address; give one such as/);
  });

  it('never lets a control character, a space or an angle bracket through, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
        const address = normaliseAddress(`${left}@${right}.test`);
        if (address !== null) expect(address).toMatch(/^[\x21-\x7e]+$/);
        if (address !== null) expect(address).not.toMatch(/[<>,;:\\"]/);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it.each([
    ['noreply@x.test', { address: 'noreply@x.test' }],
    ['Atelier <noreply@x.test>', { name: 'Atelier', address: 'noreply@x.test' }],
    ['"Atelier, SARL" <noreply@x.test>', { name: 'Atelier, SARL', address: 'noreply@x.test' }],
    ['Atelier <>', null],
  ])('with a name: %s', (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox);
  });
});

describe('a mail', () => {
  it('has text and HTML, its sender, its date, and the headers of automatic mail', async () => {
    const { message, header } = await parsed();
    expect(message).toMatchObject({
      from: config.from,
      to: [mail.to],
      subject: 'Bonjour',
      text: expect.stringMatching(/^Bonjour\n/),
      html: expect.stringContaining('<p>Bonjour</p>'),
      date: '2026-03-04T10:00:00.000Z',
    });
    expect(header('auto-submitted')).toBe('auto-generated');
    expect(header('x-auto-response-suppress')).toBe('All');
    expect(header('content-language')).toBe('fr');
    expect(header('x-original-to')).toBe(undefined);
    expect(header('list-unsubscribe')).toBe(undefined);
  });

  it('bears the same Message-ID at every try, another for every key and every LINK_KEY', async () => {
    const one = (await parsed()).message.messageId;
    expect(one).toMatch(/^<[\w-]{43}@atelier\.test>$/);
    expect((await parsed({ subject: 'Changed' })).message.messageId).toBe(one);
    expect(messageIdOf('followup/f1/1', config)).toBe(one);
    expect(messageIdOf('followup/f1/2', config)).not.toBe(one);
    expect(messageIdOf('followup/f1/1', { ...config, key: 'j'.repeat(32) })).not.toBe(one);
  });

  it('answers the first mail of its thread', async () => {
    const references = ['<first@atelier.test>', '<second@atelier.test>'];
    const { message } = await parsed({ references });
    expect(message.inReplyTo).toBe('<second@atelier.test>');
    expect(message.references).toBe(references.join(' '));
    const first = (await parsed({})).message;
    expect([first.inReplyTo, first.references]).toEqual([undefined, first.messageId]);
    await expect(parsed({ references: ['<a@b>\r\nBcc: <eve@x.test>'] })).rejects.toThrow(
      'is not a Message-ID',
    );
  });

  it('takes a Reply-To, a sender of its own, and a one-click opt-out', async () => {
    const { message, header, composed } = await parsed({
      from: { name: 'Org', address: 'compta@org.test' },
      replyTo: { address: 'inbox@org.test' },
      unsubscribeUrl: 'https://ronde.example/o/abc',
    });
    expect(message.from?.address).toBe('compta@org.test');
    expect(composed.envelope.from).toBe('noreply@atelier.test');
    expect(message.replyTo?.[0]?.address).toBe('inbox@org.test');
    expect(header('list-unsubscribe')).toBe('<https://ronde.example/o/abc>');
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    await expect(parsed({ unsubscribeUrl: 'http://ronde.example/o/abc' })).rejects.toThrow('must be https');
  });

  it('goes to EMAIL_REDIRECT_TO alone, in the envelope and the header, and says whom it was for', async () => {
    const { composed, message, header } = await parsed({}, { redirectTo: 'staging@atelier.test' });
    expect(composed.envelope.to).toBe('staging@atelier.test');
    expect(message.to?.map(({ address }) => address)).toEqual(['staging@atelier.test']);
    expect(header('x-original-to')).toBe('ada@example.test');
  });

  it.each([
    'Relance nº 3 : à régler « vite »',
    'مرحبا بالعالم',
    '🔧 Réparation prête ✅',
    `"quoted" and 'single' \\ back`,
    'é'.repeat(400),
    'a'.repeat(2_000),
  ])('carries the subject %j unchanged', async (subject) => {
    expect((await parsed({ subject })).message.subject).toBe(subject);
  });

  it('cannot have a header injected by subject or names, whatever they hold', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'x\r\nBcc: eve@x.test',
        'x\nBcc: eve@x.test',
        'x\rBcc: eve@x.test',
        'x\u2028Bcc: e@x.test',
      ),
    );
    const names = rawHeaders((await parsed()).composed.raw).map((line) => line.split(':', 1)[0]);
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (subject, to, from) => {
        const { composed } = await parsed({
          subject,
          to: { name: to, address: 'ada@example.test' },
          from: { name: from, address: 'noreply@atelier.test' },
        });
        const lines = rawHeaders(composed.raw);
        const given = lines.map((line) => line.split(':', 1)[0]);
        expect(new Set(given.filter((name) => name !== 'Subject'))).toEqual(
          new Set(names.filter((name) => name !== 'Subject')),
        );
        expect(composed.envelope).toEqual({ from: 'noreply@atelier.test', to: 'ada@example.test' });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('refuses an address that is none before anything is sent', async () => {
    await expect(parsed({ to: { address: 'ada@example.test\r\nDATA' } })).rejects.toThrow(
      'is not an e-mail address',
    );
  });
});

describe('a template', () => {
  it('escapes what it is given, and nothing twice', () => {
    const inner = html`<b>${'<script>"a" & \'b\'</script>'}</b>`;
    expect(inner.markup).toBe('<b>&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;</b>');
    expect(html`<p title="${'" onload="x'}">${[inner, html`<i>${1}</i>`]}</p>`.markup).toBe(
      `<p title="&quot; onload=&quot;x">${inner.markup}<i>1</i></p>`,
    );
  });

  it('never lets markup out of a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(html`${value}`.markup).not.toMatch(/[<>"']/);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('makes a page that loads nothing from elsewhere', () => {
    const markup = page('fr', 'Titre <1>', html`<p>x</p>`, html`fin`);
    expect(markup).toContain('<html lang="fr">');
    expect(markup).toContain('<title>Titre &lt;1&gt;</title>');
    expect(markup).not.toMatch(/<(script|img|link|iframe)|src=|https?:/);
  });
});
