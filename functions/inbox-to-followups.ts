import type { Firestore } from '@google-cloud/firestore';
import type { FollowupSignal } from '../shared/domains/followups/answer.ts';
import {
  type CustomerMatch,
  mailedCustomers,
  matchCustomerMail,
} from '../shared/domains/followups/customer-mail.ts';
import { settingsRef } from '../shared/domains/followups/followup.ts';
import { toSettings } from '../shared/domains/followups/settings.ts';
import { applySignal, applySignalTo, type SignalResult } from '../shared/domains/followups/signals.ts';
import { integrationsOf } from '../shared/domains/inbox/integration.ts';
import { listAnswer } from '../shared/domains/inbox/mailbox/answers.ts';
import type { Delivery } from '../shared/domains/inbox/message/delivery.ts';
import type { InboxSignal, SignalSink } from '../shared/domains/inbox/message/signals.ts';
import { normaliseAddress } from '../shared/doors/mail/address.ts';
import { faultOf } from '../shared/doors/mail/faults/fault.ts';
import { looksLikeOurs } from '../shared/doors/mail/message.ts';
import { parseReply } from '../shared/doors/mail/outcome.ts';
import type { Post } from '../shared/doors/mail/post.ts';
import { comparableId, isProviderId, isSesId } from '../shared/doors/mail/provider-id.ts';

export interface SignalContext {
  store: Firestore;
  now: Date;
  post: Post | undefined;
}

/** Mail of customers that names no reminder is looked at for this long; older mail is history. */
const RECENT_MS = 30 * 24 * 3_600_000;

type MailSignal = Extract<InboxSignal, { kind: 'mail' }>;

/** The needs of hearing signals: the engines, the author of the effects, and each organisation's own addresses. */
interface Hearing extends SignalContext {
  by: { runId: string | null; by: string | null };
  ownAddresses: (orgId: string) => Promise<ReadonlySet<string>>;
}

/**
 * Applies the signals of a mailbox to the follow-ups. Rejects if the store fails; the next sync then repeats the signals.
 * - `by` is the run or the person that started the sync.
 * - A person's answer stops a follow-up; an automatic or doubtful answer postpones it.
 * - A bounce stops it if the address is at fault, else its level is sent again. A complaint is an opt-out.
 * - A copy of an uncertain mail settles it as sent.
 * - A customer's mail that names no reminder is matched by its address.
 */
export function followupSignals(context: SignalContext, by: Hearing['by']): SignalSink {
  const ownByOrg = new Map<string, Promise<ReadonlySet<string>>>();
  const ownAddresses = (orgId: string) => {
    const own = ownByOrg.get(orgId) ?? readOwnAddresses(context, orgId);
    ownByOrg.set(orgId, own);
    return own;
  };
  const hearing = { ...context, by, ownAddresses };
  return async (signals) => {
    const unnamed: { signal: MailSignal; author: string }[] = [];
    for (const signal of signals) {
      if (signal.kind !== 'mail') {
        await hearOther(hearing, signal);
        continue;
      }
      // A colleague who answers within the organisation is no customer.
      const own = await ownAddresses(signal.orgId);
      const author = signal.authors.find((address) => !own.has(address));
      if (author === undefined) continue;
      if (!(await hearAnswer(hearing, signal, author)) && isRecent(context, signal))
        unnamed.push({ signal, author });
    }
    await hearUnnamed(hearing, unnamed);
  };
}

const isRecent = ({ now }: SignalContext, { receivedAt, writer }: MailSignal) =>
  writer !== 'machine' && receivedAt.getTime() > now.getTime() - RECENT_MS;

/** Hears a report, a complaint, or a copy of a mail of ours. */
async function hearOther(hearing: Hearing, signal: Exclude<InboxSignal, MailSignal>): Promise<void> {
  const messageIds = remindersIn(signal.kind === 'found' ? [signal.messageId] : signal.references);
  if (messageIds.length === 0) return;
  const base = { ...baseOf(signal), messageIds };
  if (signal.kind === 'found') {
    const detail = `found in the mailbox ${signal.integrationId}`;
    return void (await applySignal(applying(hearing), { ...base, kind: 'own_copy', detail }));
  }
  if (signal.kind === 'complaint') {
    const detail = 'the customer reported a reminder as unwanted';
    return void (await applySignal(applying(hearing), { ...base, kind: 'complaint', detail }));
  }
  const { recipients, status, diagnostic } = signal.delivery;
  const said = diagnostic ?? status ?? 'not delivered';
  const detail = `${recipients.join(', ') || 'the recipient'}: ${status !== null && !said.includes(status) ? `${status} ` : ''}${said}`;
  const kind = kindOfBounce(signal.delivery);
  const results = await applySignal(applying(hearing), { ...base, kind, recipients, detail });
  await list(hearing, signal, kind, results);
}

/** Decides what a report means, by the table of refusals (RFC 3463); pure. */
export function kindOfBounce({ status, diagnostic }: Delivery): FollowupSignal['kind'] {
  const reply = parseReply(diagnostic ?? '');
  // X.0.0 says nothing; the server's own words may.
  const enhanced = status === null || /\.0\.0$/.test(status) ? (reply.enhanced ?? status) : status;
  const fault = faultOf({ phase: 'report', code: reply.code, enhanced, text: diagnostic ?? '' });
  if (fault.whose === 'sender' || fault.whose === 'account') return 'refused';
  // RFC 3464: failed is the end, whatever the class of the code; the mail may still arrive another day.
  if (enhanced?.startsWith('4') || fault.mayPass || fault.whose === 'server') return 'returned';
  const isForGood = fault.whose === 'recipient' && fault.kind !== 'takes_no_outside_mail';
  return isForGood ? 'hard_bounce' : 'doubtful';
}

/** Hears a mail that may answer a reminder. Returns false if it names none. */
async function hearAnswer(hearing: Hearing, signal: MailSignal, author: string): Promise<boolean> {
  // Half of all mail answers an id of Outlook; a search for each would double the cost of a first sync.
  const messageIds = remindersIn(signal.references, isRecent(hearing, signal) ? isProviderId : isSesId);
  if (messageIds.length === 0) return false;
  const results = await applySignal(applying(hearing), answerOf(signal, author, messageIds));
  await list(hearing, signal, kindOfMail(signal), results);
  return results.length > 0;
}

/** Hears mail of customers that names no reminder, with one search for the addresses of an organisation. */
async function hearUnnamed(
  hearing: Hearing,
  mails: readonly { signal: MailSignal; author: string }[],
): Promise<void> {
  for (const [orgId, some] of Map.groupBy(mails, ({ signal }) => signal.orgId)) {
    const addresses = [...new Set(some.map(({ author }) => author))];
    const mailed = await mailedCustomers(hearing.store, orgId, addresses);
    for (const { signal, author } of some) {
      const match = matchCustomerMail(signal, mailed.get(author) ?? []);
      if (match) await hearMatch(hearing, signal, author, match);
    }
  }
}

async function hearMatch(
  hearing: Hearing,
  signal: MailSignal,
  author: string,
  { followupIds, isAnswer }: CustomerMatch,
): Promise<void> {
  const kind = isAnswer ? kindOfMail(signal) : 'doubtful';
  const answer = { ...answerOf(signal, author, []), kind };
  await list(hearing, signal, kind, await applySignalTo(applying(hearing), followupIds, answer));
}

function kindOfMail({ writer }: MailSignal): 'reply' | 'auto_reply' | 'doubtful' {
  return writer === 'person' ? 'reply' : writer === 'machine' ? 'auto_reply' : 'doubtful';
}

function answerOf(signal: MailSignal, author: string, messageIds: readonly string[]): FollowupSignal {
  const how = { person: 'answered', machine: 'answered automatically', doubtful: 'perhaps answered' };
  const detail = `${how[signal.writer]} by ${author}`;
  return { ...baseOf(signal), messageIds, kind: kindOfMail(signal), detail };
}

const baseOf = ({ orgId, documentId, messageId, receivedAt }: InboxSignal) => ({
  orgId,
  documentId,
  receivedAt,
  answerId: messageId ?? documentId,
});

const applying = ({ store, now, post, by }: Hearing) => ({
  store,
  now,
  decider: by,
  ...(post ? { post } : {}),
});

/** The Message-IDs that may be of reminders; those that a provider made are kept in another form. */
const remindersIn = (ids: readonly string[], isMaybe: (id: string) => boolean = isSesId) =>
  ids.filter((id) => looksLikeOurs(id) || isMaybe(id)).map(comparableId);

/** Lists the mail among the answers to read, unless a machine surely wrote it. */
async function list(
  { store, now }: Hearing,
  { documentId }: InboxSignal,
  kind: FollowupSignal['kind'],
  results: readonly SignalResult[],
): Promise<void> {
  const touched = results.filter(({ effect }) => effect !== 'ignored' && effect !== 'settled');
  if (kind === 'auto_reply' || touched.length === 0) return;
  await listAnswer(store, documentId, {
    kind,
    followupIds: touched.map(({ followupId }) => followupId),
    now,
  });
}

/** Reads the addresses that an organisation sends from and receives at. */
async function readOwnAddresses({ store }: SignalContext, orgId: string): Promise<ReadonlySet<string>> {
  const [{ docs }, settings] = await Promise.all([
    integrationsOf(store).where('org_id', '==', orgId).select('auth.user').get(),
    settingsRef(store, orgId).get(),
  ]);
  const { from, replyTo, notifyEmail } = toSettings(settings);
  const users = docs.map((doc) => normaliseAddress(String(doc.get('auth.user') ?? '')));
  const all = [...users, from?.address, replyTo, notifyEmail];
  return new Set(all.flatMap((address) => (address ? [address.toLowerCase()] : [])));
}
