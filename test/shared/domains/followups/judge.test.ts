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
    ['without a due time', { next_due_at: null }, {}, 'wait not_due'],
    ['paid', { status: 'paid' }, {}, 'wait paid'],
    ['accepted', { status: 'accepted' }, {}, 'wait accepted'],
    ['cancelled', { status: 'cancelled' }, {}, 'wait cancelled'],
    ['stopped', { status: 'stopped' }, {}, 'wait stopped'],
    ['answered', { status: 'stopped', stop_reason: 'replied' }, {}, 'wait replied'],
    ['opted out', { status: 'stopped', stop_reason: 'opted_out' }, {}, 'wait opted_out'],
    ['bounced', { status: 'stopped', stop_reason: 'hard_bounce' }, {}, 'wait hard_bounce'],
    ['without a status', { status: null }, {}, 'wait stopped'],
    ['of a switched-off organisation', {}, { auto_followups_enabled: false }, 'wait organisation_off'],
    ['that is not automatic', { auto_enabled: false }, {}, 'wait auto_disabled'],
    ['paused', { paused_until: later }, {}, 'wait paused'],
    ['whose pause is over', { paused_until: stamp(NOW) }, {}, 'send due'],
    ['not overdue, whatever next_due_at says', { due_date: later }, {}, 'wait before_due_date'],
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
      'in a language without templates',
      { customer: { email: 'a@example.test', locale: 'de' } },
      {},
      'park bad_locale',
    ],
    [
      'in an invalid locale',
      { customer: { email: 'a@example.test', locale: 'fr-!!' } },
      {},
      'park bad_locale',
    ],
    ['without an amount', { amount_due: null }, {}, 'park no_amount'],
    ['with an amount in words', { amount_due: '12 EUR' }, {}, 'park no_amount'],
    ['without a currency', { currency: null }, {}, 'park no_amount'],
    ['with nothing left to pay', { amount_due: 0 }, {}, 'park nothing_due'],
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
    expect(french.subject).toBe('Rappel : facture F-2026-001 échue le 1 février 2026');
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
    expect(of({ type: 'quote' }, { business_customers: true }, 2).note).toBeNull();
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
