import type { Firestore } from '@google-cloud/firestore';
import type { FollowupSignal } from '../shared/domains/followups/answers/answer.ts';
import { mailedCustomers, matchCustomerMail } from '../shared/domains/followups/answers/customer-mail.ts';
import { applySignal, findMentioned } from '../shared/domains/followups/answers/signals.ts';
import { settingsRef } from '../shared/domains/followups/followup.ts';
import { toSettings } from '../shared/domains/followups/settings.ts';
import { integrationsOf } from '../shared/domains/inbox/integration.ts';
import { listAnswer } from '../shared/domains/inbox/mailbox/answers.ts';
import type { InboxSignal, SignalSink } from '../shared/domains/inbox/message/signals.ts';
import { normaliseAddress } from '../shared/doors/mail/address.ts';
import type { Post } from '../shared/doors/mail/post.ts';
import { isRecent, type MailSignal, toFollowupSignal } from './followup-signals.ts';

export interface SignalContext {
  store: Firestore;
  now: Date;
  post: Post | undefined;
}

/** The needs of hearing signals: the engines, the author of the effects, and each organisation's own addresses. */
interface Hearing extends SignalContext {
  by: { runId: string | null; by: string | null };
  ownAddresses: (orgId: string) => Promise<ReadonlySet<string>>;
}

/** A signal of the mailbox and its meaning for follow-ups. */
interface Heard {
  signal: InboxSignal;
  meant: FollowupSignal;
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
  const { store, now } = context;
  const ownByOrg = new Map<string, Promise<ReadonlySet<string>>>();
  const ownAddresses = (orgId: string) => {
    const own = ownByOrg.get(orgId) ?? readOwnAddresses(context, orgId);
    ownByOrg.set(orgId, own);
    return own;
  };
  const hearing = { ...context, by, ownAddresses };
  return async (signals, mayGoOn) => {
    const heard = signals.map((signal) => ({ signal, meant: toFollowupSignal(signal, now) }));
    const named = heard.filter(({ meant }) => meant.messageIds.length > 0);
    const mentioned = await findMentioned(
      store,
      named.map(({ meant }) => meant),
    );
    const unnamed: (Heard & { signal: MailSignal })[] = [];
    for (const { signal, meant } of heard) {
      const followupIds = mentioned(meant);
      if (followupIds.length > 0) {
        if (!mayGoOn()) return false;
        await hear(hearing, { signal, meant }, followupIds);
      } else if (signal.kind === 'mail' && signal.writer !== 'machine' && isRecent(signal, now))
        unnamed.push({ signal, meant });
    }
    await hearUnnamed(hearing, unnamed);
    return true;
  };
}

async function hear(
  hearing: Hearing,
  { signal, meant }: Heard,
  followupIds: readonly string[],
): Promise<void> {
  if (signal.kind === 'mail' && (await customerOf(hearing, signal)) === null) return;
  await apply(hearing, meant, followupIds);
}

/** Returns the author of a mail; null for a colleague who answers within the organisation, who is no customer. */
async function customerOf({ ownAddresses }: Hearing, { orgId, authors }: MailSignal): Promise<string | null> {
  const own = await ownAddresses(orgId);
  return authors.find((address) => !own.has(address)) ?? null;
}

/** Hears mail of customers that names no reminder, with one search for the addresses of an organisation. */
async function hearUnnamed(
  hearing: Hearing,
  mails: readonly (Heard & { signal: MailSignal })[],
): Promise<void> {
  for (const [orgId, some] of Map.groupBy(mails, ({ signal }) => signal.orgId)) {
    const authors = await Promise.all(some.map(({ signal }) => customerOf(hearing, signal)));
    const addresses = [...new Set(authors.flatMap((author) => author ?? []))];
    const mailed = await mailedCustomers(hearing.store, orgId, addresses);
    for (const [index, { signal, meant }] of some.entries()) {
      const match = matchCustomerMail(signal, mailed.get(authors[index] ?? '') ?? []);
      const kind = match?.isAnswer ? meant.kind : 'doubtful';
      if (match) await apply(hearing, { ...meant, kind }, match.followupIds);
    }
  }
}

/** Applies a signal, and lists its mail among the answers to read, unless a machine surely wrote it. */
async function apply(hearing: Hearing, meant: FollowupSignal, followupIds: readonly string[]): Promise<void> {
  const { store, now, post, by } = hearing;
  const { kind, documentId } = meant;
  const results = await applySignal(
    { store, now, decider: by, ...(post ? { post } : {}) },
    meant,
    followupIds,
  );
  const touched = results.filter(({ effect }) => effect !== 'ignored' && effect !== 'settled');
  if (kind === 'auto_reply' || touched.length === 0) return;
  await listAnswer(store, documentId, { kind, followupIds: touched.map((each) => each.followupId), now });
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
