import type { Firestore } from '@google-cloud/firestore';
import { settingsRef } from '../shared/domains/followups/followup.ts';
import { toSettings } from '../shared/domains/followups/settings.ts';
import { applySignal, type InboxSignal as FollowupSignal } from '../shared/domains/followups/signals.ts';
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
 * Tells the follow-ups what the inbox has seen: a person's answer stops one, a machine's postpones it, an address that
 * does not exist stops it, and a mail of ours that is found has gone. `by` is who had the mailbox synchronised: a run's id,
 * or a person. Rejects where something cannot be kept; the messages are then told of again.
 */
export function followupSignals(
  context: SignalContext,
  by: { runId: string | null; by: string | null },
): SignalSink {
  const { store, now, post } = context;
  const own = new Map<string, Promise<ReadonlySet<string>>>();
  return async (signals) => {
    for (const signal of signals) {
      const told = toldOf(signal);
      if (told === null) continue;
      // A colleague who answers within the organisation is no customer.
      if (!own.has(signal.orgId)) own.set(signal.orgId, ownAddresses(context, signal.orgId));
      const { from } = told;
      if (from !== null && (await own.get(signal.orgId))?.has(from)) continue;
      await applySignal({ store, now, decider: by, ...(post ? { post } : {}) }, told.signal);
    }
  };
}

/** What a signal says to the follow-ups, and who wrote; null where no mail of ours is concerned. */
function toldOf(signal: InboxSignal): { signal: FollowupSignal; from: string | null } | null {
  const ours = mentioned(signal).filter(looksLikeOurs);
  if (ours.length === 0) return null;
  const told = (kind: FollowupSignal['kind'], detail: string, from: string | null = null) => ({
    signal: { kind, messageIds: ours, detail },
    from,
  });
  switch (signal.kind) {
    case 'found':
      return told('own_copy', `found in the mailbox ${signal.integrationId}`);
    case 'bounce':
      return signal.permanent
        ? told('hard_bounce', `${signal.recipient ?? 'the recipient'}: ${signal.status ?? 'not delivered'}`)
        : null;
    default:
      return told(
        signal.kind,
        `${signal.kind === 'reply' ? 'answered' : 'answered automatically'} by ${signal.from}`,
        signal.from,
      );
  }
}

function mentioned(signal: InboxSignal): readonly string[] {
  if (signal.kind === 'found') return [signal.messageId];
  if (signal.kind === 'bounce') return signal.originalMessageId === null ? [] : [signal.originalMessageId];
  return signal.references;
}

/** The addresses that an organisation writes from and reads at. */
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
