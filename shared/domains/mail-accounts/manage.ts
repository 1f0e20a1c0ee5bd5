import type { DocumentSnapshot, Firestore, Query } from '@google-cloud/firestore';
import { Timestamp } from '@google-cloud/firestore';
import { authFields, shownAuth } from '../../doors/account/input.ts';
import type { SealingKeys } from '../../doors/account/sealed.ts';
import { mailAccounts } from '../../doors/mail/accounts.ts';
import { writeAttempt } from '../../doors/store/counted.ts';
import { toJson } from '../../doors/store/json.ts';
import { versionOf } from '../../doors/store/version.ts';
import { type MailAccount, ownerOf, readAccount, SUBMISSION_PORTS } from './account.ts';
import type { MailAccountChange, NewMailAccount } from './input.ts';
import type { KeepCredentials } from './open-account.ts';
import { SOUND } from './state.ts';
import type { MailAccountView } from './views.ts';

export interface ManageContext {
  store: Firestore;
  now: Date;
  keys: SealingKeys;
}

/** Tries an account before it is written, and throws if it must not be. `keep` receives a token that signing in got. */
export type Check<Found> = (account: MailAccount, keep: KeepCredentials) => Promise<Found>;

/** An account that cannot be stored. The message names the field. */
export class AccountFault extends Error {}

/** Returns an account as it is shown, without its credentials. */
export function shownAccount(snapshot: DocumentSnapshot): MailAccountView {
  const { auth, health, held_until, ...fields } = snapshot.data() ?? {};
  const { address, fromDomains, limits, port, security } = readAccount(snapshot);
  return {
    ...(toJson({ ...fields, health, held_until: held_until ?? null }) as Pick<
      MailAccountView,
      'org_id' | 'label' | 'host' | 'health' | 'held_until'
    >),
    id: snapshot.id,
    port,
    security,
    auth: shownAuth(auth),
    address,
    from_domains: [...fromDomains],
    max_connections: limits.connections,
    per_minute: limits.perMinute,
    updated_at: versionOf(snapshot),
  };
}

/**
 * Seals the credentials, has `check` try the account, and stores it. Returns its id and the finding, or the id of the
 * organisation's account with the same host and user. Throws AccountFault.
 */
export async function createAccount<Found>(
  { store, now, keys }: ManageContext,
  given: NewMailAccount,
  check: Check<Found>,
): Promise<{ id: string; found: Found } | { twin: string }> {
  const [twin] = (await sameAccount(store, given).get()).docs;
  if (twin) return { twin: twin.id };
  const ref = mailAccounts(store).doc();
  const { fields, account } = draftAccount(ref.id, given, keys, now);
  const found = await check(account, async (_account, kept) => void Object.assign(fields.auth, kept));
  return await store.runTransaction(async (transaction) => {
    const [late] = (await transaction.get(sameAccount(store, given))).docs;
    if (late) return { twin: late.id };
    transaction.create(ref, { ...fields, ...writeAttempt() });
    return { id: ref.id, found };
  });
}

const sameAccount = (store: Firestore, { org_id, host, auth }: NewMailAccount): Query =>
  mailAccounts(store)
    .where('org_id', '==', org_id)
    .where('host', '==', host)
    .where('auth.user', '==', auth.user)
    .limit(1);

/** Returns an account as it would be stored. Throws AccountFault. */
export function draftAccount(id: string, given: NewMailAccount, keys: SealingKeys, now: Date) {
  const { auth, ...rest } = given;
  const fields = {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    port: given.port ?? SUBMISSION_PORTS[given.security],
    auth: authFields(auth, ownerOf(id), keys),
    ...SOUND,
    created_at: Timestamp.fromDate(now),
  };
  return { fields, account: requireReadable(id, fields) };
}

function requireReadable(id: string, fields: object): MailAccount {
  try {
    return readAccount({ id, get: (path) => valueAt(fields, String(path)) });
  } catch (error) {
    throw new AccountFault(
      `${(error as Error).message} The user is no e-mail address, so give the address that mails come from.`,
    );
  }
}

/** A field of a document that is not stored yet, by its path with dots. */
const valueAt = (fields: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], fields);

/** The fields that decide how an account is reached. */
const CONNECTION = ['host', 'port', 'security', 'auth'];

/**
 * Changes the given fields. If they change how the account is reached, `check` tries the new one before it is written, and
 * its back-off and hold end. Returns null if there is no such account. Throws AccountFault.
 */
export async function changeAccount<Found>(
  { store, keys }: Omit<ManageContext, 'now'>,
  id: string,
  change: MailAccountChange,
  checks: { requireVersion: (current: string | null) => void; check: Check<Found> },
): Promise<{ found: Found | null } | null> {
  const ref = mailAccounts(store).doc(id);
  const before = await ref.get();
  if (!before.exists || before.get('org_id') === null) return null;
  const reaches = CONNECTION.some((name) => name in change);
  const { updated_at: _version, auth, ...fields } = change;
  const update: Record<string, unknown> = {
    ...fields,
    ...(auth ? { auth: authFields(auth, ownerOf(id), keys) } : {}),
    ...(reaches ? SOUND : {}),
  };
  const account = requireReadable(id, { ...before.data(), ...update });
  const keep: KeepCredentials = async (_account, kept) => {
    // A refresh token may be good for one use only, so what was got is kept whatever becomes of the change.
    if (update['auth'] !== undefined) Object.assign(update['auth'] as object, kept);
    else Object.assign(update, Object.fromEntries(Object.entries(kept).map(([k, v]) => [`auth.${k}`, v])));
  };
  checks.requireVersion(versionOf(before));
  const found = reaches ? await checks.check(account, keep) : null;
  await store.runTransaction(async (transaction) => {
    checks.requireVersion(versionOf(await transaction.get(ref)));
    transaction.update(ref, { ...update, ...writeAttempt() });
  });
  return { found };
}

/** Deletes an account. Returns false if there is none. */
export async function deleteAccount({ store }: Pick<ManageContext, 'store'>, id: string): Promise<boolean> {
  const ref = mailAccounts(store).doc(id);
  const snapshot = await ref.get();
  if (!snapshot.exists || snapshot.get('org_id') === null) return false;
  const { docs } = await ref.collection('notices').select().get();
  const batch = store.batch();
  for (const notice of docs) batch.delete(notice.ref);
  batch.delete(ref);
  await batch.commit();
  return true;
}
