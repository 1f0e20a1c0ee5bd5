import { GoogleAuth } from 'google-auth-library';

/** The remedy if Google's clients find no credentials. */
export const SIGN_IN = 'run gcloud auth application-default login';

/** A Google scope, without its common prefix. */
type Scope = 'cloud-platform' | 'datastore';

/**
 * Finds application default credentials and throws if there are none. Otherwise a Google client would end the
 * process. A person's calls count for the quota of `project`: their file may name another one from earlier work, or none.
 */
export async function findCredentials(scope: Scope, project?: string): Promise<GoogleAuth> {
  if (project) process.env.GOOGLE_CLOUD_QUOTA_PROJECT = project;
  const auth = new GoogleAuth({ scopes: `https://www.googleapis.com/auth/${scope}` });
  await auth.getClient().catch(() => {
    throw new Error(`there are no application default credentials; ${SIGN_IN}`);
  });
  return auth;
}

/** Requires credentials for Firestore's client, unless it speaks to an emulator. */
export async function requireCredentials(emulatorHost: string | undefined, project?: string): Promise<void> {
  if (emulatorHost === undefined) await findCredentials('datastore', project);
}
