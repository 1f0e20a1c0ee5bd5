import { describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../../../shared/doors/config.ts';

const SECRET = 's'.repeat(32);
const OTHER = 'o'.repeat(40);
const least = {
  GOOGLE_CLOUD_PROJECT: 'repairs-prod',
  UPSTASH_REDIS_REST_URL: 'https://eu1.upstash.io',
  UPSTASH_REDIS_REST_TOKEN: 'upstash-token',
};
/** The variables that a queue needs beside its name. */
const queue = {
  REGION: 'europe-west1',
  TASKS_SERVICE_ACCOUNT: 'tasks@x.test',
  FUNCTION_URLS: 'https://f.test',
};
type Environment = Record<string, string | undefined>;

function faultsOf(changes: Environment): { name: string; faults: string[]; message: string } {
  try {
    loadConfig({ ...least, ...changes });
  } catch (error) {
    return error as ReturnType<typeof faultsOf>;
  }
  return { name: 'accepted', faults: [], message: '' };
}

describe('an environment is accepted', () => {
  it.each<[string, Environment, Partial<Config>]>([
    [
      'with the least there can be: nothing is open',
      {},
      {
        project: 'repairs-prod',
        cronSecrets: [],
        local: false,
        operators: [],
        serviceAccounts: [],
        functionUrls: [],
        allowedOrigins: [],
        auth: undefined,
        googleIssuer: undefined,
        adminClaim: 'role',
        warnings: [],
        perMinute: { visits: 240, pings: 120 },
        firestore: { database: '(default)', emulatorHost: undefined },
      },
    ],
    [
      'with an empty variable, as if it were not set',
      {
        CRON_SECRET: '',
        AUTH_ISSUER: '',
        AUTH_AUDIENCE: '',
        RONDE_LOCAL: '',
        AUTH_ADMIN_CLAIM: '',
        FIRESTORE_DATABASE: '',
      },
      { cronSecrets: [], auth: undefined, local: false, adminClaim: 'role' },
    ],
    ['with a secret of exactly 32 characters', { CRON_SECRET: SECRET }, { cronSecrets: [SECRET] }],
    [
      'with two secrets, the new one first',
      { CRON_SECRET: SECRET, CRON_SECRET_PREVIOUS: OTHER },
      { cronSecrets: [SECRET, OTHER] },
    ],
    [
      'with lists, spaces and empty entries in them',
      { OPERATORS: ' a@x.test ,, b@x.test,', ALLOWED_ORIGINS: 'https://a.test' },
      { operators: ['a@x.test', 'b@x.test'], allowedOrigins: ['https://a.test'] },
    ],
    [
      'with an issuer and an audience',
      { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'app' },
      { auth: { issuer: 'https://id.test', audience: 'app', clientId: 'app' } },
    ],
    [
      'with the address of the issuer’s keys',
      { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'app', AUTH_JWKS_URL: 'https://id.test/jwks' },
      {
        auth: {
          ...{ issuer: 'https://id.test', audience: 'app', clientId: 'app' },
          jwksUrl: 'https://id.test/jwks',
        },
      },
    ],
    [
      'with a client of its own for the console',
      { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'app', AUTH_CLIENT_ID: 'console' },
      { auth: { issuer: 'https://id.test', audience: 'app', clientId: 'console' } },
    ],
    [
      "with Google's own services where nothing stands in for them",
      { REGION: 'europe-west1' },
      {
        region: 'europe-west1',
        google: {
          metadata: 'http://metadata.google.internal',
          scheduler: 'https://cloudscheduler.googleapis.com',
          tasks: 'https://cloudtasks.googleapis.com',
          secrets: 'https://secretmanager.googleapis.com',
        },
        tasks: undefined,
      },
    ],
    [
      "with a queue's short name, which is in the same project and region",
      { ...queue, TASKS_QUEUE: 'chores' },
      {
        tasks: {
          queue: 'projects/repairs-prod/locations/europe-west1/queues/chores',
          serviceAccount: 'tasks@x.test',
        },
      },
    ],
    [
      "with a queue's full name",
      { ...queue, REGION: undefined, TASKS_QUEUE: 'projects/p/locations/l/queues/q' },
      { tasks: { queue: 'projects/p/locations/l/queues/q', serviceAccount: 'tasks@x.test' } },
    ],
    ['in development: a secret in the URL is allowed', {}, { allowQuerySecret: true }],
    ['on Google Cloud: a secret in the URL is not', { K_SERVICE: 'f' }, { allowQuerySecret: false }],
    [
      'on Google Cloud, saying that it is',
      { K_SERVICE: 'f', ALLOW_QUERY_SECRET: 'True' },
      { allowQuerySecret: true },
    ],
    [
      'for the local cloud',
      { RONDE_LOCAL: '1', RONDE_GOOGLE_ISSUER: 'http://127.0.0.1:1/google' },
      { local: true, googleIssuer: 'http://127.0.0.1:1/google' },
    ],
    ...['true', 'True', '1'].map((text): [string, Environment, Partial<Config>] => [
      `with ${text} for yes`,
      { RONDE_LOCAL: text },
      { local: true },
    ]),
    ...['false', 'False', '0'].map((text): [string, Environment, Partial<Config>] => [
      `with ${text} for no`,
      { RONDE_LOCAL: text },
      { local: false },
    ]),
  ])('%s', (_title, changes, expected) => {
    expect(loadConfig({ ...least, ...changes })).toMatchObject(expected);
  });

  const mail = { EMAIL_HOST: 'smtp.x.test', DEFAULT_FROM_EMAIL: 'Atelier <a@x.test>', LINK_KEY: SECRET };
  it.each<[string, Environment, Partial<NonNullable<Config['mail']>>]>([
    [
      'on port 587 with STARTTLS by default',
      {},
      {
        host: 'smtp.x.test',
        port: 587,
        tls: 'starttls',
        login: undefined,
        from: { name: 'Atelier', address: 'a@x.test' },
        redirectTo: undefined,
        paused: false,
        key: SECRET,
      },
    ],
    ['on port 465 with TLS at once', { EMAIL_PORT: '465', EMAIL_USE_TLS: 'True' }, { tls: 'implicit' }],
    [
      'on port 465 with TLS at once, even where EMAIL_USE_TLS says no',
      { EMAIL_PORT: '465', EMAIL_USE_TLS: 'False' },
      { tls: 'implicit' },
    ],
    [
      'with a login',
      { EMAIL_HOST_USER: 'u', EMAIL_HOST_PASSWORD: 'app word' },
      { login: { user: 'u', password: 'app word' } },
    ],
    [
      'with XOAUTH2',
      {
        EMAIL_AUTH: 'xoauth2',
        EMAIL_HOST_USER: 'u',
        EMAIL_OAUTH_CLIENT_ID: 'c',
        EMAIL_OAUTH_REFRESH_TOKEN: 'r',
        EMAIL_OAUTH_TOKEN_URL: 'https://oauth2.googleapis.com/token',
      },
      {
        login: {
          user: 'u',
          source: { client_id: 'c', refresh_token: 'r', token_url: 'https://oauth2.googleapis.com/token' },
        },
      },
    ],
    [
      'with an app of Microsoft that signs in by itself',
      {
        EMAIL_AUTH: 'xoauth2',
        EMAIL_HOST_USER: 'u',
        EMAIL_OAUTH_CLIENT_ID: 'c',
        EMAIL_OAUTH_CLIENT_SECRET: 's',
        EMAIL_OAUTH_TOKEN_URL: 'https://login.microsoftonline.com/t/oauth2/v2.0/token',
      },
      {
        login: {
          user: 'u',
          source: {
            client_id: 'c',
            client_secret: 's',
            scope: 'https://outlook.office365.com/.default',
            token_url: 'https://login.microsoftonline.com/t/oauth2/v2.0/token',
          },
        },
      },
    ],
    [
      'unencrypted with a login on this machine',
      { EMAIL_HOST: '127.0.0.1', EMAIL_USE_TLS: '0', EMAIL_HOST_USER: 'u', EMAIL_HOST_PASSWORD: 'p' },
      { tls: 'none' },
    ],
    [
      'redirected and paused',
      { EMAIL_REDIRECT_TO: ' Staging@x.test', EMAIL_PAUSED: 'true' },
      { redirectTo: 'staging@x.test', paused: true },
    ],
  ])('for mail %s', (_title, changes, expected) => {
    expect(loadConfig({ ...least, ...mail, ...changes }).mail).toMatchObject(expected);
  });

  it('without mail where the function sends none', () => {
    expect(loadConfig(least).mail).toBe(undefined);
  });

  it('with EMAIL_BACKEND, which is ignored with one warning that does not show it', () => {
    const { warnings } = loadConfig({ ...least, EMAIL_BACKEND: 'django.smtp' });
    expect(warnings).toEqual([expect.stringContaining('EMAIL_BACKEND is ignored')]);
    expect(warnings.join()).not.toContain('django');
  });
});

describe('an environment is refused', () => {
  it.each<[string, Environment, RegExp]>([
    ['without a project', { GOOGLE_CLOUD_PROJECT: undefined }, /^GOOGLE_CLOUD_PROJECT is not set/],
    ['with an empty project', { GOOGLE_CLOUD_PROJECT: '' }, /^GOOGLE_CLOUD_PROJECT is empty/],
    ['without Redis', { UPSTASH_REDIS_REST_URL: undefined }, /^UPSTASH_REDIS_REST_URL must be/],
    [
      'with a Redis that is no URL',
      { UPSTASH_REDIS_REST_URL: 'leaky-value' },
      /^UPSTASH_REDIS_REST_URL must be/,
    ],
    [
      'with a Redis URL of another protocol',
      { UPSTASH_REDIS_REST_URL: 'redis://leaky-value' },
      /^UPSTASH_REDIS_REST_URL must be/,
    ],
    [
      'without a Redis token',
      { UPSTASH_REDIS_REST_TOKEN: undefined },
      /^UPSTASH_REDIS_REST_TOKEN is not set/,
    ],
    [
      'with a secret of 31 characters',
      { CRON_SECRET: 'leaky-value'.padEnd(31, 'x') },
      /^CRON_SECRET is shorter than 32/,
    ],
    [
      'with a previous secret that is short',
      { CRON_SECRET: SECRET, CRON_SECRET_PREVIOUS: 'leaky-value' },
      /^CRON_SECRET_PREVIOUS is shorter/,
    ],
    [
      'with a space before the secret',
      { CRON_SECRET: ` leaky-value${SECRET}` },
      /^CRON_SECRET has white space/,
    ],
    [
      'with a space behind the secret',
      { CRON_SECRET: `leaky-value${SECRET} ` },
      /^CRON_SECRET has white space/,
    ],
    [
      'with a line end behind the secret',
      { CRON_SECRET: `leaky-value${SECRET}\n` },
      /^CRON_SECRET has white space/,
    ],
    [
      'with a previous secret alone',
      { CRON_SECRET_PREVIOUS: `leaky-value${SECRET}` },
      /^CRON_SECRET_PREVIOUS is set without/,
    ],
    ...['yes', 'TRUE', ' true', '2', 'on'].map((text): [string, Environment, RegExp] => [
      `with ${JSON.stringify(text)} for a boolean`,
      { ALLOW_QUERY_SECRET: text },
      /^ALLOW_QUERY_SECRET must be true, True, 1/,
    ]),
    [
      'with an issuer that is no URL',
      { AUTH_ISSUER: 'leaky-value', AUTH_AUDIENCE: 'app' },
      /^AUTH_ISSUER must be an http/,
    ],
    [
      'with an issuer of another protocol',
      { AUTH_ISSUER: 'ftp://leaky-value', AUTH_AUDIENCE: 'app' },
      /^AUTH_ISSUER must be an http/,
    ],
    [
      'with an issuer but no audience',
      { AUTH_ISSUER: 'https://leaky-value' },
      /^AUTH_ISSUER and AUTH_AUDIENCE go together/,
    ],
    [
      'with an audience but no issuer',
      { AUTH_AUDIENCE: 'leaky-value' },
      /^AUTH_ISSUER and AUTH_AUDIENCE go together/,
    ],
    [
      'with RONDE_LOCAL on Google Cloud',
      { RONDE_LOCAL: '1', K_SERVICE: 'leaky-value' },
      /^RONDE_LOCAL is for the local cloud/,
    ],
    [
      'with another Google outside the local cloud',
      { RONDE_GOOGLE_ISSUER: 'https://leaky-value' },
      /^RONDE_GOOGLE_ISSUER replaces/,
    ],
    [
      'with a queue that is none',
      { ...queue, TASKS_QUEUE: 'leaky_value' },
      /^TASKS_QUEUE must be a queue id/,
    ],
    [
      "with a queue's short name and no region",
      { ...queue, TASKS_QUEUE: 'leaky-value', REGION: '' },
      /^TASKS_QUEUE is a short name and REGION/,
    ],
    [
      'with a queue and nobody to call as',
      { ...queue, TASKS_QUEUE: 'leaky-value', TASKS_SERVICE_ACCOUNT: '' },
      /^TASKS_QUEUE is set without TASKS_SERVICE_ACCOUNT/,
    ],
    [
      'with a queue and nobody to call',
      { ...queue, TASKS_QUEUE: 'leaky-value', FUNCTION_URLS: '' },
      /^TASKS_QUEUE is set without FUNCTION_URLS/,
    ],
  ])('%s, without showing the value', (_title, changes, fault) => {
    const { name, faults, message } = faultsOf(changes);
    expect([name, faults]).toEqual(['ConfigError', [expect.stringMatching(fault)]]);
    expect(message).toContain(faults[0]);
    expect(message).not.toContain('leaky-value');
  });

  const OAUTH = {
    EMAIL_AUTH: 'xoauth2',
    EMAIL_HOST_USER: 'u',
    EMAIL_OAUTH_CLIENT_ID: 'leaky-value',
    EMAIL_OAUTH_REFRESH_TOKEN: 'leaky-value',
    EMAIL_OAUTH_TOKEN_URL: 'https://token.test/t',
  };
  const mail = {
    EMAIL_HOST: 'smtp.x.test',
    DEFAULT_FROM_EMAIL: 'a@x.test',
    LINK_KEY: SECRET,
    EMAIL_HOST_USER: undefined,
  };
  it.each<[string, Environment, RegExp]>([
    ['with a host that is a URL', { EMAIL_HOST: 'smtp://leaky-value' }, /^EMAIL_HOST must be a bare host/],
    ['with a host and a port in one', { EMAIL_HOST: 'leaky-value:587' }, /^EMAIL_HOST must be a bare host/],
    ['with a port of no number', { EMAIL_PORT: 'leaky-value' }, /^EMAIL_PORT must be a port number/],
    ['with port 0', { EMAIL_PORT: '0' }, /^EMAIL_PORT must be a port number from 1/],
    ['with port 65536', { EMAIL_PORT: '65536' }, /^EMAIL_PORT must be a port number from 1/],
    ['with TLS that is no boolean', { EMAIL_USE_TLS: 'leaky-value' }, /^EMAIL_USE_TLS must be true/],
    ['without a sender', { DEFAULT_FROM_EMAIL: '' }, /^DEFAULT_FROM_EMAIL is not set/],
    ['with a sender that is none', { DEFAULT_FROM_EMAIL: 'leaky-value' }, /^DEFAULT_FROM_EMAIL must be/],
    ['without a key', { LINK_KEY: '' }, /^LINK_KEY is not set/],
    ['with a short key', { LINK_KEY: 'leaky-value' }, /^LINK_KEY is shorter than 32/],
    ['with a redirection to nowhere', { EMAIL_REDIRECT_TO: 'leaky-value' }, /^EMAIL_REDIRECT_TO must be/],
    ['with a pause that is no boolean', { EMAIL_PAUSED: 'leaky-value' }, /^EMAIL_PAUSED must be true/],
    ['with a user alone', { EMAIL_HOST_USER: 'leaky-value' }, /^EMAIL_HOST_USER and EMAIL_HOST_PASSWORD go/],
    ['with a password alone', { EMAIL_HOST_PASSWORD: 'leaky-value' }, /^EMAIL_HOST_USER and EMAIL_HOST_PASS/],
    [
      'with a password in the clear',
      { EMAIL_USE_TLS: 'False', EMAIL_HOST_USER: 'u', EMAIL_HOST_PASSWORD: 'leaky-value' },
      /^EMAIL_USE_TLS is off and would send the credentials/,
    ],
    ['with a login that is none', { EMAIL_AUTH: 'leaky-value' }, /^EMAIL_AUTH must be password or xoauth2/],
    [
      'with XOAUTH2 and nothing to renew a token by',
      { ...OAUTH, EMAIL_OAUTH_REFRESH_TOKEN: undefined },
      /^EMAIL_OAUTH_REFRESH_TOKEN is not set/,
    ],
    ['with XOAUTH2 and no user', { ...OAUTH, EMAIL_HOST_USER: '' }, /^EMAIL_HOST_USER is not set/],
    [
      'with XOAUTH2 beside a password',
      { ...OAUTH, EMAIL_HOST_PASSWORD: 'leaky-value' },
      /^EMAIL_HOST_PASSWORD is set beside/,
    ],
    [
      'with a token in the clear',
      { ...OAUTH, EMAIL_USE_TLS: 'False' },
      /^EMAIL_USE_TLS is off and would send the credentials/,
    ],
  ])('for mail %s, without showing the value', (_title, changes, fault) => {
    const { faults, message } = faultsOf({ ...mail, ...changes });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(message).not.toContain('leaky-value');
  });

  it('where the function sends mail and nothing of it is set: each variable is named', () => {
    expect(() => loadConfig(least, { mail: true })).toThrow(
      /EMAIL_HOST is not set.*DEFAULT_FROM_EMAIL is not set.*LINK_KEY is not set/s,
    );
  });

  it('with every fault at once, those of one variable and those between two', () => {
    const { faults, message } = faultsOf({
      GOOGLE_CLOUD_PROJECT: undefined,
      UPSTASH_REDIS_REST_URL: 'leaky-value-1',
      UPSTASH_REDIS_REST_TOKEN: '',
      CRON_SECRET: 'leaky-value-2',
      ALLOW_QUERY_SECRET: 'leaky-value-3',
      RONDE_LOCAL: '1',
      K_SERVICE: 'leaky-value-4',
      AUTH_AUDIENCE: 'leaky-value-5',
    });
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual([
      'ALLOW_QUERY_SECRET',
      'AUTH_ISSUER',
      'CRON_SECRET',
      'GOOGLE_CLOUD_PROJECT',
      'RONDE_LOCAL',
      'UPSTASH_REDIS_REST_TOKEN',
      'UPSTASH_REDIS_REST_URL',
    ]);
    expect(message).not.toContain('leaky-value');
  });
});
