import { GoogleAuth } from 'google-auth-library';

/** What helps where Google's clients find nobody signed in. */
export const SIGN_IN = 'run gcloud auth application-default login';

/**
 * Makes sure that Firestore's client finds credentials, unless it speaks to an emulator: without any it ends the process
 * with a stack trace.
 */
export async function requireCredentials(emulatorHost: string | undefined): Promise<void> {
  if (emulatorHost !== undefined) return;
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/datastore' });
  await auth.getClient().catch(() => {
    throw new Error(`There are no application default credentials; ${SIGN_IN}.`);
  });
}
