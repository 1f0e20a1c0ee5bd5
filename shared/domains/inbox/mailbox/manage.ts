import {
  type DocumentSnapshot,
  type Firestore,
  type Query,
  type QuerySnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { authFields, shownAuth } from '../../../doors/account/input.ts';
import type { SealingKeys } from '../../../doors/account/sealed.ts';
import { writeAttempt } from '../../../doors/store/counted.ts';
import { toJson } from '../../../doors/store/json.ts';
import { listPageById } from '../../../doors/store/list-page.ts';
import { versionOf } from '../../../doors/store/version.ts';
import { integrationsOf, ownerOf, readIntegration } from '../integration.ts';
import { HEALTHY_MAILBOX, mailboxHealthFields } from '../mailbox-health.ts';
import { type Check, valueAt } from './integration-fields.ts';
import type { NewIntegration } from './integration-input.ts';
import type { IntegrationView } from './views.ts';

export interface ManageContext {
  store: Firestore;
  now: Date;
  keys: SealingKeys;
}

/** Documents deleted in one commit; Firestore takes 500. */
const DELETE_BATCH = 300;

/** Returns an integration as it is shown. */
export function shownIntegration(snapshot: DocumentSnapshot): IntegrationView {
  const { auth, ...fields } = snapshot.data() ?? {};
  return {
    ...(toJson(fields) as Omit<IntegrationView, 'id' | 'auth' | 'updated_at'>),
    auth: shownAuth(auth),
    id: snapshot.id,
    updated_at: versionOf(snapshot),
  };
}

/**
 * Makes an integration of what was given, its credentials sealed, and has `check` look at it before it is written.
 * Returns its id and what the check found, or the id of the organisation's integration that reads one of these folders
 * already: its messages would be stored twice.
 */
export async function createIntegration<Found>(
  context: ManageContext,
  given: NewIntegration,
  check: Check<Found>,
): Promise<{ id: string; found: Found } | { twin: string }> {
  const { store } = context;
  const { ref, fields, integration } = draft(context, given);
  const twin = findTwin(given, await sameMailbox(store, given).get());
  if (twin) return { twin };
  const found = await check(integration, async (_integration, kept) => void Object.assign(fields.auth, kept));
  return await store.runTransaction(async (transaction) => {
    const late = findTwin(given, await transaction.get(sameMailbox(store, given)));
    if (late) return { twin: late };
    transaction.create(ref, { ...fields, ...writeAttempt() });
    return { id: ref.id, found };
  });
}

const sameMailbox = (store: Firestore, { org_id, host, auth }: NewIntegration): Query =>
  integrationsOf(store)
    .where('org_id', '==', org_id)
    .where('host', '==', host)
    .where('auth.user', '==', auth.user);

function findTwin({ folders }: NewIntegration, { docs }: QuerySnapshot): string | undefined {
  const readsOneOf = (stored: unknown) =>
    Array.isArray(stored) && stored.some((folder) => folders.includes(folder));
  return docs.find((doc) => readsOneOf(doc.get('folders')))?.id;
}

/** Has `check` look at the integration that would be made of what was given; nothing is written. */
export async function rehearseIntegration<Found>(
  context: ManageContext,
  given: NewIntegration,
  check: Check<Found>,
): Promise<Found> {
  return await check(draft(context, given).integration, async () => undefined);
}

function draft({ store, now, keys }: ManageContext, given: NewIntegration) {
  const ref = integrationsOf(store).doc();
  const { sync_from, auth, ...rest } = given;
  const fields = {
    ...rest,
    sync_from: sync_from === null ? null : Timestamp.fromDate(new Date(sync_from)),
    auth: authFields(auth, ownerOf(ref.id), keys),
    health: mailboxHealthFields(HEALTHY_MAILBOX),
    created_at: Timestamp.fromDate(now),
  };
  const integration = readIntegration({ id: ref.id, get: (path) => valueAt(fields, String(path)) });
  return { ref, fields, integration };
}

/**
 * Deletes an integration with its cursors and, unless they are to be kept, all its messages. It is switched off first and
 * deleted last, so that one that is cut short is gone on with by the same call. False where there is none.
 */
export async function deleteIntegration(
  { store }: ManageContext,
  id: string,
  purge: boolean,
): Promise<boolean> {
  const ref = integrationsOf(store).doc(id);
  const found = await ref.get();
  if (!found.exists) return false;
  await ref.update({ active: false });
  if (purge) await deleteAll(store, store.collection('inbox_messages').where('integration_id', '==', id));
  for (const name of ['folders', 'notices']) await deleteAll(store, ref.collection(name));
  await ref.delete();
  return true;
}

async function deleteAll(store: Firestore, query: Query): Promise<void> {
  for (;;) {
    const { docs } = await query.select().limit(DELETE_BATCH).get();
    if (docs.length === 0) return;
    const batch = store.batch();
    for (const { ref } of docs) batch.delete(ref);
    await batch.commit();
  }
}

/** One page of integrations, in the order of their ids. */
export async function listIntegrations(
  { store }: Pick<ManageContext, 'store'>,
  limit: number,
  afterId: string | null,
) {
  const { docs, next } = await listPageById(integrationsOf(store), limit, afterId);
  return { items: docs.map(shownIntegration), next };
}
