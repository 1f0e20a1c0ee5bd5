import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { ExternalAccountClient } from 'google-auth-library';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { readOverride } from './rest.ts';

/** The account of gcloud: a person, a key, an impersonated account, or workload identity federation. */
export interface Identity {
  /** Its address; null if gcloud does not know it. */
  email: string | null;
  accessToken(): Promise<string>;
  /** Returns an identity token with an e-mail for the address of a function. */
  idToken(audience: string): Promise<string>;
}

const config = z.object({
  core: z.object({ account: z.string().optional() }).prefault({}),
  auth: z
    .object({
      impersonate_service_account: z.string().optional(),
      credential_file_override: z.string().optional(),
    })
    .prefault({}),
});
const credentialFile = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('external_account'),
    service_account_impersonation_url: z.url().optional(),
  }),
  z.object({ type: z.literal('service_account'), client_email: z.string() }),
]);
const generated = z.object({ token: z.string() });

const TIMEOUT_MS = 30_000;
const IAM_CREDENTIALS = 'https://iamcredentials.googleapis.com';
const SIGN_IN = 'run gcloud auth login';
const DIRECT =
  'Workload identity federation without a service account has no e-mail, so no function can know who calls; give the provider a service account to impersonate (service_account in google-github-actions/auth).';

/** Finds gcloud's account. Throws if there is none, or if functions accept no such account. */
export async function findIdentity(env: NodeJS.ProcessEnv = process.env): Promise<Identity> {
  const ask = (...args: string[]) => askGcloud(args, env);
  const { core, auth } = config.parse(JSON.parse((await ask('config', 'list', '--format=json')) || '{}'));
  const accessToken = async () => (await ask('auth', 'print-access-token')).trim();
  const impersonated = auth.impersonate_service_account?.split(',')[0];
  if (impersonated) {
    const flags = [`--impersonate-service-account=${auth.impersonate_service_account}`, '--include-email'];
    const idToken = (audience: string) =>
      ask('auth', 'print-identity-token', `--audiences=${audience}`, ...flags);
    return { email: impersonated, accessToken, idToken };
  }
  const path = auth.credential_file_override;
  const content: unknown = path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
  const file = credentialFile.safeParse(content).data;
  if (file?.type === 'external_account')
    return {
      ...toFederated(content as Record<string, unknown>, file.service_account_impersonation_url),
      accessToken,
    };
  // The file of a key stands in for gcloud's account.
  const email = file?.client_email ?? (core.account || null);
  const idToken = async (audience: string) =>
    (await printIdToken(ask, email, audience)) ??
    generateIdToken(signUrl(env, email), await accessToken(), audience);
  return { email, accessToken, idToken };
}

/** Returns gcloud's own identity token, or null if it has none with an e-mail: a build's or machine's account. */
async function printIdToken(
  ask: (...args: string[]) => Promise<string>,
  email: string | null,
  audience: string,
): Promise<string | null> {
  const isService = email?.endsWith('.gserviceaccount.com') ?? false;
  // gcloud refuses an audience for a person; a person's token names gcloud itself.
  const flags = isService ? [`--audiences=${audience}`] : [];
  const token = await ask('auth', 'print-identity-token', ...flags).catch((error: Error) => {
    if (isService) return null;
    throw error;
  });
  if (token === null) return null;
  return typeof decodeJwt(token).email === 'string' ? token : null;
}

function signUrl(env: NodeJS.ProcessEnv, email: string | null): string {
  if (!email?.endsWith('.gserviceaccount.com'))
    throw new Error(
      `gcloud has no identity token with an e-mail for ${email ?? 'this account'}; ${SIGN_IN}, or set RONDE_TOKEN.`,
    );
  const base = readOverride('iamcredentials', env) ?? IAM_CREDENTIALS;
  return `${base}/v1/projects/-/serviceAccounts/${email}:generateIdToken`;
}

/** Returns the account of workload identity federation. Throws for one without a service account. */
function toFederated(
  { service_account_impersonation_url: _, ...direct }: Record<string, unknown>,
  url: string | undefined,
): Pick<Identity, 'email' | 'idToken'> {
  if (!url) throw new Error(DIRECT);
  return {
    email: /serviceAccounts\/([^:/]+):/.exec(url)?.[1] ?? null,
    async idToken(audience) {
      // The provider's own token may impersonate; the account's token need not be allowed to sign for itself.
      const client = ExternalAccountClient.fromJSON({
        ...(direct as unknown as Parameters<typeof ExternalAccountClient.fromJSON>[0]),
        scopes: ['https://www.googleapis.com/auth/cloud-platform'],
      });
      const { token } = (await client?.getAccessToken()) ?? {};
      if (!token) throw new Error('the provider of the workload identity gave no token');
      return generateIdToken(url.replace(/:generateAccessToken$/, ':generateIdToken'), token, audience);
    },
  };
}

/** Asks IAM Credentials for an identity token with an e-mail. */
async function generateIdToken(url: string, accessToken: string, audience: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ audience, includeEmail: true }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return generated.parse(await response.json()).token;
  const account = /serviceAccounts\/([^:/]+):/.exec(url)?.[1];
  throw new Error(
    `IAM makes no identity token for ${account} (${response.status}); grant it roles/iam.serviceAccountOpenIdTokenCreator on itself, and enable iamcredentials.googleapis.com.`,
  );
}

async function askGcloud(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('gcloud', args, { env });
    return stdout.trim();
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw new Error('gcloud is not installed; install it, or set RONDE_URL and RONDE_TOKEN.');
    const said = stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(`gcloud ${args.slice(0, 2).join(' ')} failed: ${said} (${SIGN_IN})`);
  }
}
