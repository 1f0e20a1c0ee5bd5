import { describe, expect, it } from 'vitest';
import { applyClaim, judgeAutomatic, judgeManual } from '../../../../shared/domains/followups/judge.ts';
import { contentOf, Unmailable } from '../../../../shared/domains/followups/mail/content.ts';
import { rulesKey } from '../../../../shared/domains/followups/schedule/schedule.ts';
import { followup, settings, stamp } from '../../../support/followups.ts';

/** Tuesday, 11:00 in Paris, a month after the due date. */
const NOW = Date.parse('2026-03-03T10:00:00Z');
const DAY_MS = 86_400_000;
const later = stamp(NOW + DAY_MS);

describe('the verdict of a follow-up', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['due', {}, {}, 'send due'],
    ['not due', { next_due_at: later }, {}, 'wait not_due'],
    ['without a due time', { next_due_at: null }, {}, 'wait not_scheduled'],
    ['paused, before its due time', { next_due_at: later, paused_until: later }, {}, 'wait paused'],
    [
      'refused for now, before its due time',
      { next_due_at: later, refused_since: stamp(NOW), last_decision: { reason: 'refused_for_now' } },
      {},
      'wait refused_for_now',
    ],
    [
      'with a recent reminder, before its due time',
      { next_due_at: later, level: 1, last_sent_at: stamp(NOW - 4 * DAY_MS) },
      {},
      'wait min_gap',
    ],
    [
      'moved by quiet hours',
      { next_due_at: later },
      { quiet_hours: { from: '10:30', to: '12:00' } },
      'wait quiet_hours',
    ],
    ['held by a change', { next_due_at: null, parked: { reason: 'held' } }, {}, 'wait held'],
    ['opted out, and open again by another back end', { stop_reason: 'opted_out' }, {}, 'wait opted_out'],
    ['answered, and open again by another back end', { stop_reason: 'replied' }, {}, 'wait replied'],
    ['paid', { status: 'paid' }, {}, 'wait paid'],
    ['accepted', { status: 'accepted' }, {}, 'wait accepted'],
    ['cancelled', { status: 'cancelled' }, {}, 'wait cancelled'],
    ['stopped', { status: 'stopped' }, {}, 'wait stopped'],
    ['answered', { status: 'stopped', stop_reason: 'replied' }, {}, 'wait replied'],
    ['opted out', { status: 'stopped', stop_reason: 'opted_out' }, {}, 'wait opted_out'],
    ['bounced', { status: 'stopped', stop_reason: 'hard_bounce' }, {}, 'wait hard_bounce'],
    ['without a status', { status: null }, {}, 'park bad_row'],
    ['of a switched-off organisation', {}, { auto_followups_enabled: false }, 'wait organisation_off'],
    ['that is not automatic', { auto_enabled: false }, {}, 'wait auto_disabled'],
    ['paused', { paused_until: later }, {}, 'wait paused'],
    ['whose pause is over', { paused_until: stamp(NOW) }, {}, 'send due'],
    ['not overdue, whatever next_due_at says', { due_date: later }, {}, 'wait before_due_date'],
    ['on its due day', { due_date: stamp('2026-03-02T23:00:00Z') }, {}, 'wait before_due_date'],
    [
      'whose due date another back end moved to yesterday, after its due time',
      { due_date: stamp('2026-03-01T23:00:00Z') },
      {},
      'wait rescheduled',
    ],
    ['with a reminder two days ago', { last_sent_at: stamp(NOW - 2 * DAY_MS), level: 1 }, {}, 'wait min_gap'],
    [
      'scheduled by older rules',
      { scheduled_by: 'older', due_date: stamp(NOW - DAY_MS) },
      {},
      'wait rescheduled',
    ],
    ['scheduled by older rules, due by these too', { scheduled_by: 'older' }, {}, 'send due'],
    ['in quiet hours', {}, { quiet_hours: { from: '10:30', to: '12:00' } }, 'wait quiet_hours'],
    ['held since the activation', {}, { held_due_before: stamp('2026-02-10T00:00:00Z') }, 'wait held'],
    ['due after the held ones', {}, { held_due_before: stamp('2026-02-01T00:00:00Z') }, 'send due'],
    ['with every level sent', { level: 3 }, {}, 'end all_levels_sent'],
    ['without a due date', { due_date: null }, {}, 'park no_start'],
    ['without a customer', { customer: null }, {}, 'park no_email'],
    ['with an invalid address', { customer: { email: 'ada at example' } }, {}, 'park bad_email'],
    [
      'in a language without templates, which gets the organisation’s',
      { customer: { email: 'a@example.test', locale: 'de' } },
      {},
      'send due',
    ],
    [
      'in an invalid locale of a known language',
      { customer: { email: 'a@example.test', locale: 'fr-!!' } },
      {},
      'send due',
    ],
    ['without an amount', { amount_due: null }, {}, 'park no_amount'],
    ['with an amount in words', { amount_due: '12 EUR' }, {}, 'park no_amount'],
    ['without a currency', { currency: null }, {}, 'park no_amount'],
    ['with nothing left to pay', { amount_due: 0 }, {}, 'end nothing_due'],
    ['with a credit note’s amount', { amount_due: -100 }, {}, 'end nothing_due'],
    ['with less than half a cent to pay', { amount_due: 0.004 }, {}, 'end nothing_due'],
    ['with half a yen to pay', { amount_due: 1250.5, currency: 'JPY' }, {}, 'park no_amount'],
    ['with a whole number of yen', { amount_due: 1250, currency: 'JPY' }, {}, 'send due'],
    ['with an amount as text', { amount_due: '1250.50' }, {}, 'send due'],
    ['with an amount in French form', { amount_due: '1 250,50' }, {}, 'park no_amount'],
    ['with a status in another case', { status: ' Open ' }, {}, 'send due'],
    ['with a status that does not exist', { status: 'overdue' }, {}, 'park bad_row'],
    ['with a status in another language', { status: 'impayée' }, {}, 'park bad_row'],
    ['that is paid, in capitals', { status: 'PAID' }, {}, 'wait paid'],
    ['due in the year 1', { due_date: '0001-01-01T00:00:00Z' }, {}, 'park bad_row'],
    ['due when Unix began', { due_date: stamp(0) }, {}, 'park bad_row'],
    ['due on a day of no calendar', { due_date: '2026-02-30' }, {}, 'park bad_row'],
    ['due on a day in French form', { due_date: '01/02/2026' }, {}, 'park bad_row'],
    ['due on a day as text', { due_date: '2026-02-01' }, {}, 'send due'],
    ['due at a midnight as text', { due_date: '2026-02-01 00:00:00' }, {}, 'send due'],
    ['with an amount with a comma', { amount_due: '1250,50' }, {}, 'park no_amount'],
    ['with an amount with an exponent', { amount_due: '1e3' }, {}, 'park no_amount'],
    ['with a currency in small letters', { currency: 'eur' }, {}, 'send due'],
    ['with a sign for a currency', { currency: '€' }, {}, 'park no_amount'],
    ['whose automatic sending is a text', { auto_enabled: 'true' }, {}, 'wait auto_disabled'],
    ['with a broken level', { level: 1.5 }, {}, 'park bad_row'],
    ['of a type that does not exist', { type: 'credit_note' }, {}, 'park bad_row'],
    ['without a type', { type: null }, {}, 'park bad_row'],
    ['with its pause as text', { paused_until: '2026-03-05T10:00:00Z' }, {}, 'wait paused'],
    ['with its pause as a day', { paused_until: '2026-03-05' }, {}, 'wait paused'],
    ['with its pause in words', { paused_until: 'demain' }, {}, 'park bad_row'],
    ['with its pause as a number', { paused_until: 1_772_704_800 }, {}, 'park bad_row'],
    ['with its level as text', { level: '3' }, {}, 'end all_levels_sent'],
    ['with a level that is no number', { level: 'x' }, {}, 'park bad_row'],
    ['with a Message-ID that is none', { message_ids: ['junk'] }, {}, 'send due'],
    [
      'of a quote that is no longer valid',
      { type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z'), valid_until: '2026-03-02' },
      {},
      'end expired',
    ],
    [
      'of a quote on its last day',
      { type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z'), valid_until: '2026-03-03' },
      {},
      'send due',
    ],
    [
      'with an unknown template',
      {},
      { levels: { invoice: [{ after_days: 7, template: 'gone' }] } },
      'park template_error',
    ],
    [
      'with a faulty template of its organisation',
      {},
      { templates: { courteous: { fr: { subject: 'x', text: '{{constructor}}' } } } },
      'park template_error',
    ],
    ['parked', { parked: { reason: 'address_refused' }, next_due_at: null }, {}, 'park address_refused'],
  ])('%s', (_title, fields, more, expected) => {
    const verdict = judgeAutomatic(followup(fields), settings(more), NOW);
    expect(`${verdict.do} ${verdict.reason}`).toBe(expected);
  });

  it.each([
    ['2026-03-07T10:00:00Z', 'weekend', '2026-03-08T23:00:00.000Z'],
    ['2026-05-01T10:00:00Z', 'public_holiday', '2026-05-03T22:00:00.000Z'],
  ])('at %s is to wait because of %s, until %s', (now, reason, until) => {
    const verdict = judgeAutomatic(followup(), settings({ business_days_only: true }), Date.parse(now));
    expect(verdict).toEqual({ do: 'wait', reason, until: Date.parse(until) });
  });

  it('is to send at the stored due time if the present rules set it', () => {
    const { rules } = settings();
    const fields = { scheduled_by: rulesKey(rules, 'invoice'), due_date: stamp(NOW - DAY_MS) };
    expect(judgeAutomatic(followup(fields), settings(), NOW).reason).toBe('due');
  });

  it('by hand ignores due time, quiet hours, pauses and switches, but no end, fault or uncertain mail', () => {
    const off = settings({ auto_followups_enabled: false, quiet_hours: { from: '10:30', to: '12:00' } });
    const early = { next_due_at: later, paused_until: later, auto_enabled: false };
    expect(judgeManual(followup(early), off, NOW)).toEqual({ do: 'send', reason: 'due', level: 1 });
    for (const [fields, reason] of [
      [{ status: 'paid' }, 'paid'],
      [{ status: 'stopped', stop_reason: 'opted_out' }, 'opted_out'],
      [{ parked: { reason: 'unknown_delivery' }, next_due_at: null }, 'unknown_delivery'],
      [{ customer: { email: 'no' } }, 'bad_email'],
      [{ level: 3 }, 'all_levels_sent'],
    ] as const)
      expect(judgeManual(followup(fields), off, NOW)).toMatchObject({ reason });
  });

  it.each([
    ['take', null, 'send due'],
    ['wait', 'claimed', 'wait in_progress'],
    ['unknown', 'sending', 'park unknown_delivery'],
    ['done', 'unknown', 'park unknown_delivery'],
    ['done', 'sent', 'wait already_sent'],
    ['done', 'failed', 'send due'],
  ] as const)('with a claim to %s (%s) is %s', (todo, state, expected) => {
    const verdict = applyClaim({ do: 'send', reason: 'due', level: 1 }, { todo, state });
    expect(`${verdict.do} ${verdict.reason}`).toBe(expected);
  });
});

describe('the words of a reminder', () => {
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
  const of = (fields: Record<string, unknown>, more: Record<string, unknown> = {}, level = 1) =>
    contentOf({ followup: followup(fields), settings: settings(more), level }, 'Atelier Martin', NOW);

  it('are in the customer’s language, with amounts and dates of the customer’s region', () => {
    const french = of({});
    expect(french.subject).toBe('Rappel : facture F-2026-001 échue le 1er février 2026');
    expect(plain(french.text)).toContain('1 250,50 €');
    expect(french.text).toMatch(/^Bonjour Ada Lovelace,\n[\s\S]*\nAtelier Martin$/);
    const english = of({ customer: { name: 'Ada', email: 'a@example.test', locale: 'en_GB' } }, {}, 2);
    expect(english.subject).toBe('Second reminder: invoice F-2026-001, 30 days overdue');
    expect(english.text).toContain('€1,250.50, due on 1 February 2026');
    const pounds = of({ customer: { email: 'a@example.test', locale: 'en-US' }, currency: 'GBP' });
    expect(pounds.text).toContain('£1,250.50, due on February 1, 2026');
  });

  it('exist for all levels of invoices and quotes in both languages', () => {
    const quote = { type: 'quote', due_date: null, sent_at: stamp('2026-02-01T09:00:00Z') };
    const seen = new Set<string>();
    for (const locale of ['fr', 'en'])
      for (const [fields, levels] of [
        [{}, 3],
        [quote, 2],
      ] as const)
        for (let level = 1; level <= levels; level += 1) {
          const content = of(
            { ...fields, customer: { name: 'Ada', email: 'a@example.test', locale } },
            {},
            level,
          );
          expect(content.text + content.subject).not.toMatch(/\{\{|undefined|NaN/);
          seen.add(content.subject + content.text);
        }
    expect(seen.size).toBe(10);
  });

  it('add the legal note for businesses from the second reminder on, never for consumers or quotes', () => {
    expect(of({}, { business_customers: true }, 1).note).toBeNull();
    expect(of({}, { business_customers: true }, 2).note).toContain('40 €');
    expect(of({}, { business_customers: false }, 3).note).toBeNull();
    const quote = { type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z') };
    expect(of(quote, { business_customers: true }, 2).note).toBeNull();
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, number, string]>([
    [
      'the due day of Paris, after a change to Martinique',
      { due_date: stamp('2025-12-31T23:00:00Z'), due_day: '2026-01-01', due_zone: 'Europe/Paris' },
      { time_zone: 'America/Martinique' },
      1,
      'échue le 1er janvier 2026,',
    ],
    [
      'the due day of an exact UTC midnight, west of UTC',
      { due_date: stamp('2026-01-20T00:00:00Z') },
      { time_zone: 'America/Martinique' },
      1,
      'échue le 20 janvier 2026,',
    ],
    [
      'a moved instant rather than the day beside it',
      { due_date: stamp('2026-01-20T23:00:00Z'), due_day: '2026-01-10', due_zone: 'Europe/Paris' },
      {},
      1,
      'échue le 21 janvier 2026,',
    ],
    [
      'a day of a zone that a change has not reached yet',
      { due_date: stamp('2026-01-20T23:00:00Z') },
      { time_zone: 'America/Martinique', time_zone_before: 'Europe/Paris' },
      1,
      'échue le 21 janvier 2026,',
    ],
    ['one day', { due_date: stamp('2026-03-01T23:00:00Z') }, {}, 2, 'impayée depuis 1 jour.'],
    ['two days', { due_date: stamp('2026-02-28T23:00:00Z') }, {}, 2, 'impayée depuis 2 jours.'],
    ['no name', { customer: { email: 'a@example.test' } }, {}, 1, 'Bonjour,\n'],
    [
      'a document without a number',
      { source_label: null, source_id: null },
      {},
      1,
      'la facture de 1 250,50 € d’un',
    ],
    ['dinars with three decimals', { currency: 'KWD', amount_due: 1.5 }, {}, 1, '1,500 KWD'],
  ])('name %s', (_title, fields, more, level, expected) => {
    expect(plain(of(fields, more, level).text)).toContain(expected);
  });

  it('link to the document and its payment if there are pages, by https only', () => {
    const pages = { payment_url: 'https://pay.example.test/7', document_url: 'javascript:alert(1)' };
    const { text, links } = of(pages);
    expect(text).toContain('Régler en ligne :\nhttps://pay.example.test/7\n\nCordialement');
    expect(links).toEqual(['https://pay.example.test/7']);
    expect(of({}).text).not.toMatch(/Régler|Voir|annoncé|\n\n\n/);
    const quote = { type: 'quote', sent_at: stamp('2026-02-01T09:00:00Z') };
    expect(of({ ...quote, document_url: 'https://d.example.test' }).text).toContain(
      'Voir le devis :\nhttps://d.example.test\n',
    );
  });

  it('never have a hole where the document lacks a value', () => {
    const quote = { type: 'quote', due_date: null, sent_at: stamp('2026-02-01T09:00:00Z') };
    const templates = { courteous: { fr: { subject: 'Devis', text: 'valable jusqu’au {{valid_until}}' } } };
    expect(() => of(quote, { templates })).toThrow(Unmailable);
    expect(of({ ...quote, valid_until: '2026-04-01' }, { templates }).text).toBe(
      'valable jusqu’au 1er avril 2026',
    );
  });

  it('may come from the organisation’s template, which never expands a value', () => {
    const templates = {
      courteous: { fr: { subject: '{{ label }}', text: '{{customer_name}} / {{amount}}' } },
    };
    const customer = { name: '{{amount}} {{organisation}}', email: 'a@example.test' };
    expect(of({ customer }, { templates }).text).toMatch(/^\{\{amount\}\} \{\{organisation\}\} \/ 1/);
    expect(() =>
      of({ customer }, { templates: { courteous: { fr: { subject: 'x', text: 'a {{' } } } }),
    ).toThrow(Unmailable);
  });
});
