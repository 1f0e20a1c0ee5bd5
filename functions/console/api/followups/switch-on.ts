import type { DocumentSnapshot } from '@google-cloud/firestore';
import { toSettings } from '../../../../shared/domains/followups/settings.ts';
import { activeIntegrations } from '../../../../shared/domains/inbox/integration.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { normaliseAddress } from '../../../../shared/doors/mail/address.ts';
import type { AdminContext } from '../route.ts';
import type { BillingChange } from './billing-change.ts';

/** The name in DEFAULT_FROM_EMAIL as it is shipped: no customer knows it. */
const SHIPPED_NAME = 'Ronde';

/** Returns true if a change switches automatic follow-ups on. */
export const isSwitchOn = (stored: DocumentSnapshot, { auto_followups_enabled }: BillingChange): boolean =>
  auto_followups_enabled === true && stored.get('auto_followups_enabled') !== true;

/**
 * Returns a change that switches follow-ups on with the address for answers: the one that is set, else the organisation's only
 * active mailbox, else the address in `from`. Throws a 400 if the mails would have no such address or no sender's name.
 */
export async function completeSwitchOn(
  { config, store }: AdminContext,
  stored: DocumentSnapshot,
  change: BillingChange,
): Promise<BillingChange> {
  if (!isSwitchOn(stored, change)) return change;
  const get = (name: string) => (Object.hasOwn(change, name) ? change[name as never] : stored.get(name));
  const { from, replyTo } = toSettings({ id: stored.id, exists: true, get } as unknown as DocumentSnapshot);
  const shared = config.mail?.from.name;
  if (!from?.name && (!shared || shared === SHIPPED_NAME))
    throw new HttpError(
      400,
      'from: customers would not see who writes to them; give a name and an address, such as "Workshop <billing@example.com>".',
    );
  if (replyTo) return change;
  const { docs } = await activeIntegrations(store).where('org_id', '==', stored.id).limit(2).get();
  const mailbox = docs.length === 1 ? normaliseAddress(String(docs[0]?.get('auth.user') ?? '')) : null;
  if (mailbox) return { ...change, reply_to: mailbox };
  if (from) return change;
  throw new HttpError(
    400,
    'reply_to: answers of customers would reach nobody; give an address that somebody reads.',
  );
}
