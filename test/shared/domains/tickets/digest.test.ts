import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { type DigestTicket, delayDigest, ticketUrlOf } from '../../../../shared/domains/tickets/digest.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';

const to = { name: 'Ada', address: 'ada@example.test' };
const late = (changes: Partial<DigestTicket> = {}): DigestTicket => ({
  number: 'R-1',
  device: 'iPhone 12',
  customerName: 'Léa Martin',
  stage: 'Diagnostic',
  days: 15,
  isNew: false,
  url: null,
  ...changes,
});

describe('a digest of late tickets', () => {
  it('links each ticket that has an address', () => {
    const url = ticketUrlOf({ id: 'a/b', number: 'R 1' }, 'https://shop.example/t/{id}?n={number}');
    expect(url).toBe('https://shop.example/t/a%2Fb?n=R%201');
    const { text, html } = delayDigest('k', to, 'en', [late({ url })]);
    expect(text).toContain(`- R-1 iPhone 12 (Léa Martin): Diagnostic, 15 d\n  ${url}`);
    expect(html).toContain('<a href="https://shop.example/t/a%2Fb?n=R%201">R-1</a>');
  });

  it('names them oldest first, and marks the new ones', () => {
    const { subject, text, html } = delayDigest('k', to, 'fr', [
      late(),
      late({ number: 'R-2', days: 40 }),
      late({ number: 'R-3', days: 20, isNew: true }),
    ]);
    expect(subject).toBe('3 dossiers en retard');
    expect(text.split('\n').filter((line) => line.startsWith('- '))).toEqual([
      '- R-2 iPhone 12 (Léa Martin): Diagnostic, 40 j',
      '- R-3 iPhone 12 (Léa Martin): Diagnostic, 20 j [nouveau]',
      '- R-1 iPhone 12 (Léa Martin): Diagnostic, 15 j',
    ]);
    expect(html.match(/R-\d/g)).toEqual(['R-2', 'R-3', 'R-1']);
    expect(html.match(/class="new"/g)).toHaveLength(1);
  });

  it('is in English for English recipients, and uses the singular for one ticket', () => {
    const { subject, text, html, locale } = delayDigest('k', to, 'en', [late({ isNew: true })]);
    expect([subject, locale]).toEqual(['1 ticket overdue', 'en']);
    expect(text).toContain('One ticket has been in the same stage for too long.');
    expect(text).toContain('15 d [new]');
    expect(html).toContain('<html lang="en">');
  });

  it('names 50 of 1,000 tickets and counts the others', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => late({ number: `R-${index}`, days: index }));
    const { subject, text, html } = delayDigest('k', to, 'fr', many);
    expect(subject).toBe('1000 dossiers en retard');
    expect(text.match(/^- /gm)).toHaveLength(50);
    expect(text).toContain('et 950 de plus');
    expect(html).toContain('et 950 de plus');
    expect(text).toContain('R-999 ');
    expect(text).not.toContain('R-949 ');
  });

  it.each([
    ['markup', '<script>alert(1)</script><img src=x onerror=alert(1)>'],
    ['quotes', `"'\`&amp;`],
    ['line ends', 'Ada\r\nBcc: eve@example.test\r\n\r\n- R-9 forged'],
    ['right-to-left text', 'مرحبا'],
    ['an override of direction', 'abc\u202Edef'],
    ['emoji', '🔧👩‍🔧'],
  ])('shows names with %s as text, in one line', async (_title, name) => {
    const mail = delayDigest('k', to, 'fr', [late({ customerName: name, device: name, stage: name })]);
    expect(mail.text.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(1);
    expect(mail.html).not.toMatch(/<(script|img)/);
    const config = {
      from: { address: 'noreply@ronde.test' },
      key: 'k'.repeat(32),
    } as Parameters<typeof compose>[1];
    const parsed = await PostalMime.parse((await compose(mail, config, new Date(0))).raw);
    expect(parsed.bcc).toBe(undefined);
    expect(parsed.text?.trim()).toBe(mail.text.trim());
    expect(parsed.html?.trim()).toBe(mail.html.trim());
  });

  it('throws without a ticket', () => {
    expect(() => delayDigest('k', to, 'fr', [])).toThrow('at least one late ticket');
  });
});
