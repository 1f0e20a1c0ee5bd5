import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { authFields } from '../../../doors/account/input.ts';
import type { SealingKeys } from '../../../doors/account/sealed.ts';
import { writeAttempt } from '../../../doors/store/counted.ts';
import { toIso, versionOf } from '../../../doors/store/version.ts';
import type { Keep } from '../credentials/sign-in.ts';
import { integrationsOf, ownerOf, readIntegration } from '../integration.ts';
import { type Check, valueAt } from './integration-fields.ts';
import type { IntegrationChange } from './integration-input.ts';
import type { ManageContext } from './manage.ts';

/** The checks before a change is written; each throws to refuse it. */
interface ChangeChecks<Found> {
  /** Refuses a change that was decided on another version than the stored one. */
  requireVersion: (current: string | null) => void;
  check: Check<Found>;
}

/** The fields that decide if, and as which user, a mailbox is reached. */
const CONNECTION = ['host', 'port', 'secure', 'ca', 'auth'];

/**
 * Changes the given fields. If they change how the mailbox is reached, `check` sees the new integration before it is
 * written. New credentials, another server or a new start lift the back-off. Returns null if there is no such
 * integration; else the result of the check, null if none was necessary.
 */
export async function changeIntegration<Found>(
  { store, keys }: ManageContext,
  id: string,
  change: IntegrationChange,
  { requireVersion, check }: ChangeChecks<Found>,
): Promise<{ found: Found | null } | null> {
  const ref = integrationsOf(store).doc(id);
  const before = await ref.get();
  if (!before.exists) return null;
  requireVersion(versionOf(before));
  const update = updateFor(id, change, keys);
  /** The version that keeping a new token has made. */
  let kept: string | null = null;
  const keep: Keep = async (_integration, fields) => {
    // A refresh token may be good for one use only: what was got is kept now, whatever becomes of the change.
    if (update['auth'] !== undefined) return void Object.assign(update['auth'] as object, fields);
    const entries = Object.entries(fields).map(([name, value]) => [`auth.${name}`, value]);
    kept = toIso((await ref.update(Object.fromEntries(entries))).writeTime);
  };
  const reaches = [...CONNECTION, 'folders'].some((name) => name in update);
  const found = reaches ? await check(readIntegration(changed(before, update)), keep) : null;
  const written = await store.runTransaction(async (transaction) => {
    const current = await transaction.get(ref);
    if (!current.exists) return false;
    const version = versionOf(current);
    if (kept === null || version !== kept) requireVersion(version);
    if (Object.keys(update).length > 0) {
      transaction.update(ref, { ...update, ...writeAttempt() });
    }
    return true;
  });
  return written ? { found } : null;
}

function updateFor(id: string, change: IntegrationChange, keys: SealingKeys): Record<string, unknown> {
  const { updated_at: _version, auth, sync_from, ...fields } = change;
  const lifts = [...CONNECTION, 'active'].some((name) => name in change);
  return {
    ...fields,
    ...(sync_from === undefined ? {} : { sync_from: sync_from && Timestamp.fromDate(new Date(sync_from)) }),
    ...(auth ? { auth: authFields(auth, ownerOf(id), keys) } : {}),
    ...(lifts ? { 'health.next_attempt_at': null } : {}),
  };
}

/** A document as it will be. */
function changed(before: DocumentSnapshot, update: Record<string, unknown>) {
  const get = (path: string) =>
    (path.split('.')[0] ?? '') in update ? valueAt(update, path) : before.get(path);
  return { id: before.id, get: (path: unknown) => get(String(path)) };
}
