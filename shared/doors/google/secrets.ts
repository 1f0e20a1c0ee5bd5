import * as z from 'zod';
import { ownIdentity } from './metadata.ts';

const TIMEOUT_MS = 5_000;
/** A secret's text; Secret Manager stores at most 64 KiB. */
const accessReply = z.object({ payload: z.object({ data: z.base64() }) });

/** Thrown if a secret cannot be read. `status` is the HTTP status, or null without an answer. */
export class SecretUnreadable extends Error {
  readonly status: number | null;
  constructor(name: string, status: number | null, why: string) {
    super(`The secret ${name} cannot be read: ${why}`);
    this.name = 'SecretUnreadable';
    this.status = status;
  }
}

export interface SecretPlaces {
  project: string;
  google: { metadata: string; secrets: string };
}

/**
 * Reads a secret by its short name, or by `projects/P/secrets/NAME/versions/V`, as this function's account
 * (https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access). Without a version it
 * reads the latest. Throws SecretUnreadable, which never holds the content.
 */
export async function readSecret(places: SecretPlaces, name: string): Promise<string> {
  const { project, google } = places;
  const secret = name.startsWith('projects/') ? name : `projects/${project}/secrets/${name}`;
  const version = secret.includes('/versions/') ? secret : `${secret}/versions/latest`;
  let status: number;
  let text: string;
  try {
    const token = await ownIdentity(google.metadata).accessToken();
    const response = await fetch(`${google.secrets}/v1/${version}:access`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new SecretUnreadable(name, null, error instanceof Error ? error.message : String(error));
  }
  if (status === 404) throw new SecretUnreadable(name, status, 'no secret has this name; create it.');
  if (status === 403)
    throw new SecretUnreadable(
      name,
      status,
      'this function has no access; grant its account roles/secretmanager.secretAccessor on it.',
    );
  if (status !== 200) throw new SecretUnreadable(name, status, `Secret Manager answered ${status}`);
  return Buffer.from(accessReply.parse(JSON.parse(text)).payload.data, 'base64').toString('utf8');
}
