import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { Followup } from '../followup.ts';
import { closedReason, isExpired } from '../judge.ts';
import { parkedFields } from '../record.ts';
import { isOtherAddress } from '../row.ts';
import type { Settings } from '../settings.ts';
import { reopen } from './scheduled.ts';

/**
 * Plans what a follow-up that is not open needs:
 * - A status that nobody can read is shown among the faults.
 * - The address of a bounce or the validity of a quote that another back end has mended begins the sequence again.
 */
export function endedFields(
  snapshot: DocumentSnapshot,
  followup: Followup,
  settings: Settings,
  now: number,
): Record<string, unknown> {
  const { status, fault, parked } = followup;
  if (status === null) return parked || fault === null ? {} : unreadFields(followup, fault, now);
  const fields = parked?.reason === 'bad_row' ? { parked: null } : {};
  return fault === null && isMended(followup, settings, now) ? reopen(snapshot, fields, settings) : fields;
}

/** `parked.unread` is true: queries for the status `open` find no other status, whatever it was to mean. */
function unreadFields(followup: Followup, fault: string, now: number): Record<string, unknown> {
  const fields = parkedFields(followup, 'bad_row', fault, new Date(now));
  return { ...fields, parked: { ...(fields['parked'] as object), unread: true } };
}

function isMended(followup: Followup, settings: Settings, now: number): boolean {
  const { bouncedAddress, customer, validUntil } = followup;
  switch (closedReason(followup)) {
    case 'hard_bounce':
      return (
        bouncedAddress !== null && customer.email !== null && isOtherAddress(customer.email, bouncedAddress)
      );
    case 'expired':
      return validUntil.at !== null && !isExpired(followup, settings, now);
    default:
      return false;
  }
}
