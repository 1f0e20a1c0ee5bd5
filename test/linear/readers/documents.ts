import { toPrintable } from '../../../infra/cli/terminal.ts';
import { checkCron } from '../../../infra/scheduler/cron.ts';
import { parseDuration } from '../../../infra/scheduler/duration.ts';
import { checkZone } from '../../../infra/scheduler/zone.ts';
import { fillTemplate, templateText } from '../../../shared/domains/followups/mail/template.ts';
import { billingSettings } from '../../../shared/domains/followups/schema/billing-settings.ts';
import { newFollowup } from '../../../shared/domains/followups/schema/followup.ts';
import { newIntegration } from '../../../shared/domains/inbox/mailbox/integration-input.ts';
import { delayDigest } from '../../../shared/domains/tickets/digest.ts';
import { watchSettings } from '../../../shared/domains/watch/settings.ts';
import { sourceFromSecret } from '../../../shared/doors/account/credential-source.ts';
import { mentionOf } from '../../../shared/doors/erase/erase.ts';
import { pastInstant, rowId } from '../../../shared/doors/import/line.ts';
import { headerText, normaliseAddress, parseMailbox } from '../../../shared/doors/mail/address.ts';
import { html } from '../../../shared/doors/mail/html.ts';
import { looksLikeOurs } from '../../../shared/doors/mail/message.ts';
import { fromIso } from '../../../shared/doors/store/version.ts';
import { isZone } from '../../../shared/doors/time/zoned.ts';
import { BODY_CAP, DOCUMENT_CAP, PART_CAP, type Reader, SPACES } from './reader.ts';

const ADDRESS = ['@', '.', 'a@', '@a.', '%', '[', '"', '<', '>', ' ', '\n', 'é', '😀', '\0', '@%'];
const VALUES = {
  customer_name: 'c',
  label: 'l',
  amount: '1',
  due_date: 'd',
  sent_date: 's',
  days_late: { text: '1', count: 1 },
  payment_link: null,
  document_link: null,
  promised_on: '1 mars 2026',
  valid_until: 'v',
  organisation: 'o',
};
const TAGS = {
  runs: ['{', '}', '{{', '}}', '{{ ', ' ', '{{a', '{{label}}'],
  framed: [
    ['x{{', ' ', 'y'],
    ['{{', ' ', '}}'],
  ],
} as const;
const text = (
  name: string,
  cap: number,
  runs: readonly string[],
  read: (text: string) => unknown,
): Reader => ({
  ...{ name, cap, delimiters: { runs }, read },
});

/** Readers of documents, settings and files. */
export const documentReaders: readonly Reader[] = [
  text('an address', DOCUMENT_CAP, ADDRESS, normaliseAddress),
  {
    name: 'a sender with a name',
    cap: DOCUMENT_CAP,
    delimiters: {
      runs: ADDRESS,
      framed: [
        ['a', ' ', '<x<a@ronde.test>'],
        ['', '<', 'a@b.test>'],
        ['"', '"', '<a@b.test>'],
      ],
    },
    read: parseMailbox,
  },
  text('a header of an outgoing mail', DOCUMENT_CAP, [...SPACES, '\0', '\u0085'], headerText),
  {
    name: 'a template to be saved',
    cap: BODY_CAP,
    delimiters: TAGS,
    read: (value) => templateText(5_000).safeParse(value),
  },
  {
    name: 'a stored template',
    cap: DOCUMENT_CAP,
    delimiters: TAGS,
    read: (value) => fillTemplate(value, VALUES, 'fr'),
  },
  text('billing settings', BODY_CAP, [...ADDRESS, '/', ':', '_'], (value) =>
    billingSettings.partial().safeParse({
      ...{ from: value, reply_to: value, notify_email: value, time_zone: value },
      templates: { [value]: null },
      quiet_hours: { from: value, to: value },
    }),
  ),
  text('a follow-up', BODY_CAP, [...ADDRESS, 'fr-', '-', 'T', ':', '0'], (value) =>
    newFollowup.safeParse({
      ...{ org_id: value, type: 'invoice', source_id: value, due_date: value, currency: value },
      customer: { name: value, email: value, locale: value },
    }),
  ),
  text(
    'a mailbox',
    BODY_CAP,
    [...ADDRESS, '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', ':'],
    (value) =>
      newIntegration.safeParse({
        ...{
          org_id: value,
          label: value,
          host: value,
          port: 993,
          ca: value,
          notify_email: value,
          sync_from: value,
        },
        auth: { method: 'xoauth2', user: value, token_url: value, client_id: value, refresh_token: value },
        folders: [value],
      }),
  ),
  text('settings of watch-runs', BODY_CAP, ['/', ':', 'https://', 'http://127.0.0.1', '@', '-'], (value) =>
    watchSettings.partial().safeParse({ webhook_url: value, operators: [value], paused: { [value]: true } }),
  ),
  text('a time zone', DOCUMENT_CAP, ['/', 'A/', 'Europe/', '-', '+'], isZone),
  text('a version', DOCUMENT_CAP, ['2', '-', '.', 'Z', '9'], (value) =>
    fromIso(`2026-01-01T00:00:00.${value}`),
  ),
  text('an instant of an import', DOCUMENT_CAP, ['2', '+00', '-00', '.', ':', ' ', '.1'], (value) =>
    pastInstant(new Date(0)).safeParse(`2026-01-01 00:00:00${value}`),
  ),
  text('the id of an import', DOCUMENT_CAP, ['_', '/', '.', '\ud800'], (value) => rowId.safeParse(value)),
  text('a digest', 100_000, [...SPACES, '<', '&', '"'], (value) =>
    delayDigest('k', { address: 'a@b.test' }, 'fr', [
      { number: value, device: value, customerName: value, stage: value, days: 1, isNew: true, url: null },
    ]),
  ),
  text('values in a mail’s HTML', DOCUMENT_CAP, ['&', '<', '"', '\0', '\u0007'], (value) => html`${value}`),
  text('a Message-ID of ours', PART_CAP, ['<', 'a', '@', '>', '-'], looksLikeOurs),
  text('mentions of a person', DOCUMENT_CAP, ['ada', 'ada@', '@', '.', 'ada@x.test', 'a'], (value) =>
    value.replace(mentionOf({ userId: 'ada', addresses: ['ada@x.test'] }), ''),
  ),
  text('a secret of Secret Manager', BODY_CAP, ['\r', '\n', '\r\n', ' ', '{', '['], (value) =>
    sourceFromSecret('xoauth2', value),
  ),
  text('lines of the terminal', DOCUMENT_CAP, ['\u001b', '\u202e', '\n', ' ', 'a'], toPrintable),
  text('a cron expression', BODY_CAP, ['*', '*/', ',', '-', ' ', '1-', '1,'], checkCron),
  text('the name of a zone', BODY_CAP, ['A/', 'A', '/', '_'], checkZone),
  text('a duration', BODY_CAP, ['1', 's', 'm'], parseDuration),
];
