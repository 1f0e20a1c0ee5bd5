import type { DocumentSnapshot } from '@google-cloud/firestore';
import {
  type Integration,
  integrationsOf,
  readIntegration,
} from '../../../../shared/domains/inbox/integration.ts';
import { messagesOf } from '../../../../shared/domains/inbox/sync/folder/documents.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import type { AdminContext } from '../route.ts';

/** Returns the 404 for an unknown integration. */
export const noSuchIntegration = (name: string) =>
  new HttpError(
    404,
    `There is no integration ${JSON.stringify(name)}; GET /api/inbox/integrations lists them.`,
  );

/** Reads the document of an integration. Throws a 404 if there is none. */
export async function findDocument({ store }: AdminContext, name: string) {
  const snapshot = await integrationsOf(store).doc(name).get();
  if (!snapshot.exists) throw noSuchIntegration(name);
  return snapshot;
}

/** Reads an integration. Throws a 404 if there is none, a 409 if its document is invalid. */
export async function findIntegration(context: AdminContext, name: string): Promise<Integration> {
  const snapshot = await findDocument(context, name);
  try {
    return readIntegration(snapshot);
  } catch (error) {
    throw new HttpError(409, (error as Error).message);
  }
}

/** Reads a stored message. Throws a 404 if there is none. */
export async function findMessage({ store }: AdminContext, id: string): Promise<DocumentSnapshot> {
  const message = await messagesOf(store).doc(id).get();
  if (message.exists) return message;
  throw new HttpError(404, `There is no message ${JSON.stringify(id)}; GET /api/inbox/messages lists them.`);
}
