import { randomUUID } from 'node:crypto';
import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { writeAttempt } from '../../../doors/store/counted.ts';
import { isConflict, millis } from '../../../doors/store/firestore.ts';
import { FOR_GOOD } from '../actions.ts';
import { type ChangeContext, changeFollowup, type FollowupChange } from '../change.ts';
import { type Followup, settingsRef, toFollowup } from '../followup.ts';
import { closedReason } from '../judge.ts';
import { searchQuery } from '../list/list.ts';
import { indexToken, searchWords } from '../list/search.ts';
import { parkedFields } from '../record.ts';
import { endOf } from '../schedule/days.ts';
import { revivedFields, scheduledFields } from '../schedule/scheduled.ts';
import { openFollowups } from '../schedule/walk.ts';
import type { CustomerPatch } from '../schema/customer.ts';
import { type Settings, toSettings } from '../settings.ts';
import { type BillingCustomer, toBillingCustomer } from './billing-customer.ts';
import { customerRef } from './customer.ts';

/** A customer's fields that contradict each other. The message names them and what to do. */
export class CustomerFault extends Error {}

/** The store's document has changed since the request was decided. */
export class CustomerConflict extends Error {}

/** The result of saving: the document, and the number of open follow-ups that it holds or lets go. */
export interface SavedCustomer {
  snapshot: DocumentSnapshot;
  followups: number;
}

/**
 * Saves what an organisation says about a customer, then changes each open follow-up of that customer: a mail that a run has
 * claimed but not begun is withheld by that. Throws CustomerFault for fields that disagree.
 */
export async function saveCustomer(
  context: ChangeContext,
  { orgId, address, patch }: { orgId: string; address: string; patch: CustomerPatch },
  check: (snapshot: DocumentSnapshot) => void = () => undefined,
): Promise<SavedCustomer> {
  const { store } = context;
  const ref = customerRef(store, orgId, address);
  const [before, stored] = await store.getAll(ref, settingsRef(store, orgId));
  if (!before || !stored) throw new Error('Firestore answers for each document');
  check(before);
  const settings = toSettings(stored);
  const fields = { ...decideCustomer(before, patch, settings), ...writeAttempt() };
  try {
    if (before.updateTime) await ref.update(fields, { lastUpdateTime: before.updateTime });
    else await ref.create({ org_id: orgId, email: address, ...fields });
  } catch (error) {
    if (isConflict(error)) throw new CustomerConflict('The customer has changed; read it again, then save.');
    throw error;
  }
  const snapshot = await ref.get();
  const customer = toBillingCustomer(snapshot);
  const open = customer ? await openOf(context, orgId, address) : [];
  for (const { id } of open)
    await changeFollowup(context, id, (found) => customer && changeFor(context, found, customer));
  return { snapshot, followups: open.length };
}

/** Returns the fields to write. A promise pauses until the day after it; a dispute pauses until a person ends it. */
function decideCustomer(
  before: DocumentSnapshot,
  { paused_until, pause_reason, promised_on, ...plain }: CustomerPatch,
  { rules }: Settings,
): Record<string, unknown> {
  const pause = decidePause(before, { paused_until, pause_reason, promised_on }, rules.hours.zone);
  const excluded = plain.excluded ?? before.get('excluded') === true;
  const until = pause === null ? millis(before.get('paused_until')) : pause.paused_until;
  const stamped = pause && {
    ...pause,
    paused_until: pause.paused_until === null ? null : Timestamp.fromMillis(pause.paused_until),
  };
  return { ...plain, ...stamped, excluded, holds: excluded || until !== null };
}

type PausePatch = Pick<CustomerPatch, 'paused_until' | 'pause_reason' | 'promised_on'>;

/** Returns the pause that a change leads to, or null if it says nothing of a pause. */
function decidePause(
  before: DocumentSnapshot,
  { paused_until, pause_reason, promised_on }: PausePatch,
  zone: string,
): { paused_until: number | null; pause_reason: string | null; promised_on: string | null } | null {
  const known: unknown = before.get('pause_reason');
  if (promised_on) {
    const end = endOf(promised_on, zone);
    const isOther = paused_until ? Date.parse(paused_until) !== end : false;
    if ((pause_reason ?? 'promise') !== 'promise' || isOther)
      throw new CustomerFault(
        `promised_on ${promised_on} pauses until the day after it; leave out paused_until, and pause_reason unless it is promise.`,
      );
    return { paused_until: end, pause_reason: 'promise', promised_on };
  }
  if (pause_reason === 'promise')
    throw new CustomerFault('pause_reason promise needs promised_on, the day of the payment.');
  if (!paused_until && !pause_reason) {
    const isSilent = paused_until === undefined && pause_reason === undefined;
    // Taking a promise back ends no other pause.
    if (isSilent && (promised_on === undefined || known !== 'promise')) return null;
    return { paused_until: null, pause_reason: null, promised_on: null };
  }
  return {
    paused_until: paused_until ? Date.parse(paused_until) : FOR_GOOD,
    pause_reason: pause_reason ?? (known === 'dispute' ? 'dispute' : 'other'),
    promised_on: null,
  };
}

/** The reasons of a wait that a change of the customer may end. */
const BY_CUSTOMER = ['customer_paused', 'customer_disputes', 'customer_promised', 'customer_excluded'];

/** Finds the open follow-ups of a customer, also those whose row writes the address in another case. */
async function openOf({ store }: ChangeContext, orgId: string, address: string): Promise<Followup[]> {
  const queries = [
    searchQuery(store, indexToken(searchWords(address)), orgId),
    // A row that no walk has seen has no words yet.
    openFollowups(store, orgId).where('customer.email', '==', address),
    openFollowups(store, orgId).where('last_decision.reason', 'in', BY_CUSTOMER),
  ];
  const found = await Promise.all(queries.map((query) => query.get()));
  const snapshots = new Map(found.flatMap(({ docs }) => docs.map((one) => [one.id, one])));
  return [...snapshots.values()].map(toFollowup).filter((followup) => {
    const isOpen = followup.status === 'open' && closedReason(followup) === null;
    return isOpen && normaliseAddress(followup.customer.email ?? '') === address;
  });
}

function changeFor(
  { now }: ChangeContext,
  { snapshot, followup, settings }: { snapshot: DocumentSnapshot; followup: Followup; settings: Settings },
  customer: BillingCustomer,
): FollowupChange {
  if (closedReason(followup) !== null) return null;
  if (customer.excluded && !followup.parked)
    return {
      fields: parkedFields(followup, 'customer_excluded', null, now),
      entry: { reason: 'customer_excluded' },
    };
  if (!customer.excluded && followup.parked?.reason === 'customer_excluded')
    return { fields: revivedFields(snapshot, {}, settings), entry: { reason: 'resumed' } };
  if (!followup.parked && BY_CUSTOMER.some((reason) => reason === followup.lastReason))
    return {
      fields: { ...scheduledFields(followup, settings), last_decision: null },
      entry: { reason: 'changed', detail: 'customer' },
    };
  // A new version alone withholds a mail that is claimed.
  return { fields: { claim: randomUUID() }, entry: { reason: 'changed', detail: 'customer' } };
}
