import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findTarget } from '../../../infra/cli/target.ts';
import { findIdentity } from '../../../infra/google/identity.ts';
import { OPERATOR } from '../../../infra/local/environment.ts';
import { type GcloudHome, gcloudHome, programOrSkip, runProgram } from '../../support/google/gcloud.ts';
import { startTokenService, type TokenService } from '../../support/google/token-service.ts';
import { startWorld, type World } from '../../support/world.ts';

/** gcloud needs a second per command, and much more on a busy machine. */
const GCLOUD_MS = 120_000;
const CI = 'ci@demo.iam.gserviceaccount.com';
const ROUTE = '/api/v1/monitoring/close-inactive-visits';

const here = programOrSkip('gcloud', 'the accounts of gcloud against scripted STS and IAM');

describe.skipIf(!here)('an account of the real gcloud', { timeout: GCLOUD_MS }, () => {
  let world: World;
  let google: TokenService;
  let gcloud: GcloudHome;
  beforeAll(async () => {
    world = await startWorld();
    world.reconfigure({ OPERATORS: `${OPERATOR},${CI}` });
    google = await startTokenService((email, audience) =>
      world.issuer.googleToken({
        email: email ?? '',
        audience,
        ...(email ? {} : { claims: { email: undefined } }),
      }),
    );
    gcloud = await gcloudHome();
    gcloud.env.CLOUDSDK_AUTH_TOKEN_HOST = `${google.url}/token`;
    gcloud.env.CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS = `${google.url}/`;
  }, GCLOUD_MS);
  afterAll(async () => {
    await gcloud?.remove();
    await google?.stop();
    await world?.stop();
  });
  beforeEach(() => {
    google.asked.length = 0;
  });

  /** Writes a file of credentials and returns the environment in which gcloud uses it. */
  async function withFile(content: object): Promise<Record<string, string>> {
    const path = join(gcloud.env.HOME ?? '', 'credentials.json');
    await writeFile(path, JSON.stringify(content));
    return { ...gcloud.env, CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: path };
  }

  /** Returns a file of credentials as google-github-actions/auth writes it. */
  async function toFederation(impersonation: object): Promise<object> {
    const source = join(gcloud.env.HOME ?? '', 'oidc-token');
    await writeFile(source, 'build-token');
    return {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${google.url}/sts`,
      credential_source: { file: source },
      ...impersonation,
    };
  }

  const throughAccount = () => ({
    service_account_impersonation_url: `${google.url}/v1/projects/-/serviceAccounts/${CI}:generateAccessToken`,
  });

  function toKey(): object {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return {
      type: 'service_account',
      project_id: 'demo',
      private_key_id: 'k',
      private_key: privateKey,
      client_email: CI,
      client_id: '1',
      token_uri: `${google.url}/token`,
    };
  }

  /** Calls a function's own door with the account's proof. */
  async function callTask(env: Record<string, string>) {
    const { url, authorization } = await findTarget({ ...env, RONDE_URL: world.url });
    const reply = await world.post(ROUTE, { body: { dry_run: true }, headers: { authorization } });
    return { url, reply, claims: decodeJwt(authorization.replace('Bearer ', '')) };
  }

  it('that a workload identity impersonates opens a task, and gives one access token', async () => {
    const env = await withFile(await toFederation(throughAccount()));
    // gcloud itself has no identity token then, which is why the release asks IAM.
    const own = await runProgram('gcloud', ['auth', 'print-identity-token'], { env });
    expect(own.code).toBe(1);
    expect(own.stderr).toContain('No identity token can be obtained');
    const identity = await findIdentity(env);
    expect(identity.email).toBe(CI);
    expect(await identity.accessToken()).toBe(`token-of-${CI}-by-federated-build-token`);
    google.asked.length = 0;
    const { reply, claims } = await callTask(env);
    expect(claims).toMatchObject({ aud: world.url, email: CI });
    expect(reply).toMatchObject({ status: 200, body: { run_id: expect.any(String) } });
    expect(google.asked.at(-1)).toBe(
      `federated-build-token /v1/projects/-/serviceAccounts/${CI}:generateIdToken ${JSON.stringify({ audience: world.url, includeEmail: true })}`,
    );
  });

  it('of direct federation is refused, with the remedy', async () => {
    const env = await withFile(await toFederation({}));
    await expect(findIdentity(env)).rejects.toThrow(
      'give the provider a service account to impersonate (service_account in google-github-actions/auth)',
    );
    expect(google.asked).toEqual([]);
  });

  it('of a key opens a task', async () => {
    const { reply, claims } = await callTask(await withFile(toKey()));
    expect(claims).toMatchObject({ aud: world.url, email: CI });
    expect(reply.status).toBe(200);
  });

  it('that another account impersonates opens a task by a token with an e-mail', async () => {
    const env = await withFile({ ...toKey(), client_email: 'person@demo.iam.gserviceaccount.com' });
    const { reply, claims } = await callTask({ ...env, CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: CI });
    expect(claims).toMatchObject({ aud: world.url, email: CI });
    expect(reply.status).toBe(200);
    expect(google.asked.at(-1)).toContain('"includeEmail": true');
  });

  it('that is a machine without an e-mail in its token asks IAM for one', async () => {
    const bare = await world.issuer.googleToken({
      email: CI,
      audience: world.url,
      claims: { email: undefined },
    });
    const folder = join(gcloud.env.HOME ?? '', 'machine');
    const script = `#!/bin/sh\ncase "$*" in\n'config list'*) echo '{"core":{"account":"${CI}"}}';;\n*access-token) echo machine;;\n*) echo '${bare}';;\nesac\n`;
    await runProgram('mkdir', ['-p', folder], { env: gcloud.env });
    await writeFile(join(folder, 'gcloud'), script, { mode: 0o755 });
    const { reply } = await callTask({ ...gcloud.env, PATH: `${folder}:${gcloud.env.PATH}` });
    expect(reply.status).toBe(200);
    expect(google.asked).toEqual([expect.stringMatching(/^machine .*:generateIdToken/)]);
  });
});
