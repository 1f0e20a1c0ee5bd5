import { GoogleAuth } from 'google-auth-library';

/** What helps where Google's clients find nobody signed in. */
export const SIGN_IN = 'run gcloud auth application-default login';

/** What a scope of Google's is called in full. */
type Scope = 'cloud-platform' | 'datastore';

/** Application default credentials. Found before a client of Google's looks for them: without any it ends the process. */
export async function findCredentials(scope: Scope): Promise<GoogleAuth> {
  const auth = new GoogleAuth({ scopes: `https://www.googleapis.com/auth/${scope}` });
  await auth.getClient().catch(() => {
    throw new Error(`there are no application default credentials; ${SIGN_IN}`);
  });
  return auth;
}

/** Makes sure that Firestore's client finds credentials, unless it speaks to an emulator. */
export async function requireCredentials(emulatorHost: string | undefined): Promise<void> {
  if (emulatorHost === undefined) await findCredentials('datastore');
}
