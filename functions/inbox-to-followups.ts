import type { Firestore } from '@google-cloud/firestore';
import { settingsRef } from '../shared/domains/followups/followup.ts';
import { toSettings } from '../shared/domains/followups/settings.ts';
import { applySignal, type FollowupSignal, findMentioned } from '../shared/domains/followups/signals.ts';
import { integrationsOf } from '../shared/domains/inbox/integration.ts';
import type { InboxSignal, SignalSink } from '../shared/domains/inbox/message/signals.ts';
import { normaliseAddress } from '../shared/doors/mail/address.ts';
import { looksLikeOurs } from '../shared/doors/mail/message.ts';
import type { Post } from '../shared/doors/mail/post.ts';

export interface SignalContext {
  store: Firestore;
  now: Date;
  post: Post | undefined;
}

/**
 * Applies the signals of a mailbox to the follow-ups. Rejects if the store fails; the next sync then repeats the signals.
 * - `by` is the run or the person that started the sync.
 * - A person's answer stops a follow-up; an automatic answer postpones it.
 * - A permanent bounce stops it.
 * - A copy of an uncertain mail settles it as sent.
 */
export function followupSignals(
  context: SignalContext,
  by: { runId: string | null; by: string | null },
): SignalSink {
  const { store, now, post } = context;
  const ownByOrg = new Map<string, Promise<ReadonlySet<string>>>();
  return async (signals, mayGoOn) => {
    const found = signals.flatMap((signal) => toFollowupSignal(signal) ?? []);
    const mentioned = await findMentioned(
      store,
      found.map(({ signal }) => signal),
    );
    for (const { signal, from } of found) {
      const followupIds = mentioned(signal);
      if (followupIds.length === 0) continue;
      if (!mayGoOn()) return false;
      // A colleague who answers within the organisation is no customer.
      if (!ownByOrg.has(signal.orgId)) ownByOrg.set(signal.orgId, ownAddresses(context, signal.orgId));
      if (from !== null && (await ownByOrg.get(signal.orgId))?.has(from)) continue;
      await applySignal({ store, now, decider: by, ...(post ? { post } : {}) }, signal, followupIds);
    }
    return true;
  };
}

/** Returns the signal for follow-ups and its sender. Returns null if it names no reminder. */
function toFollowupSignal(signal: InboxSignal): { signal: FollowupSignal; from: string | null } | null {
  const messageIds = mentionedIds(signal).filter(looksLikeOurs);
  if (messageIds.length === 0) return null;
  const build = (kind: FollowupSignal['kind'], detail: string, from: string | null = null) => ({
    signal: { orgId: signal.orgId, kind, messageIds, detail },
    from,
  });
  switch (signal.kind) {
    case 'found':
      return build('own_copy', `found in the mailbox ${signal.integrationId}`);
    case 'bounce':
      return signal.permanent
        ? build('hard_bounce', `${signal.recipient ?? 'the recipient'}: ${signal.status ?? 'not delivered'}`)
        : null;
    default:
      return build(
        signal.kind,
        `${signal.kind === 'reply' ? 'answered' : 'answered automatically'} by ${signal.from}`,
        signal.from,
      );
  }
}

function mentionedIds(signal: InboxSignal): readonly string[] {
  if (signal.kind === 'found') return [signal.messageId];
  if (signal.kind === 'bounce') return signal.originalMessageId === null ? [] : [signal.originalMessageId];
  return signal.references;
}

/** Reads the addresses that an organisation sends from and receives at. */
async function ownAddresses({ store }: SignalContext, orgId: string): Promise<ReadonlySet<string>> {
  const [{ docs }, settings] = await Promise.all([
    integrationsOf(store).where('org_id', '==', orgId).select('auth.user').get(),
    settingsRef(store, orgId).get(),
  ]);
  const { from, replyTo, notifyEmail } = toSettings(settings);
  const users = docs.map((doc) => normaliseAddress(String(doc.get('auth.user') ?? '')));
  const all = [...users, from?.address, replyTo, notifyEmail];
  return new Set(all.flatMap((address) => (address ? [address.toLowerCase()] : [])));
}
