import { existsSync } from 'node:fs';
import * as z from 'zod';
import { boolean, crossFaults, list, optional, perMinute, secret, sentSecret, url } from './config-fields.ts';
import { CLOUD_SCHEDULER, CLOUD_TASKS, METADATA_SERVER, SECRET_MANAGER } from './google/addresses.ts';
import { type TasksConfig, tasksEnvironment, tasksFaults, toTasksConfig } from './google/tasks-settings.ts';
import { type MailConfig, mailEnvironment, mailFaults, toMailConfig } from './mail/settings.ts';

/** Every fault of the environment at once. Print it as plain lines, without a stack. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

const environment = z.object({
  GOOGLE_CLOUD_PROJECT: z
    .string({ error: 'is not set; give the Google Cloud project id' })
    .min(1, 'is empty'),
  REGION: optional,
  FIRESTORE_DATABASE: optional,
  FIRESTORE_EMULATOR_HOST: optional,
  UPSTASH_REDIS_REST_URL: z.url({
    protocol: /^https?$/,
    error: 'must be the https URL of the Upstash database',
  }),
  UPSTASH_REDIS_REST_TOKEN: z
    .string({ error: 'is not set; copy it from the Upstash console' })
    .min(1, 'is empty'),
  CRON_SECRET: sentSecret,
  CRON_SECRET_PREVIOUS: sentSecret,
  ALLOW_QUERY_SECRET: boolean,
  SCHEDULER_SERVICE_ACCOUNT: optional,
  SERVICE_ACCOUNTS: list,
  OPERATORS: list,
  FUNCTION_URLS: list,
  NAME_PREFIX: optional,
  ...tasksEnvironment,
  AUTH_ISSUER: url,
  AUTH_AUDIENCE: optional,
  AUTH_CLIENT_ID: optional,
  AUTH_ADMIN_CLAIM: optional,
  AUTH_JWKS_URL: url,
  ALLOWED_ORIGINS: list,
  HEALTHCHECK_URL: url,
  VISITS_PER_MINUTE: perMinute(240),
  PINGS_PER_MINUTE: perMinute(120),
  EMAIL_BACKEND: optional,
  ...mailEnvironment,
  INBOX_SEALING_KEY: secret,
  INBOX_SEALING_KEY_PREVIOUS: secret,
  K_SERVICE: optional,
  RONDE_LOCAL: boolean,
  RONDE_GOOGLE_ISSUER: url,
  RONDE_METADATA: url,
  RONDE_SCHEDULER: url,
  RONDE_TASKS: url,
  RONDE_SECRETS: url,
});

export interface Config {
  project: string;
  /** The region of functions and jobs; undefined if REGION is unset. */
  region: string | undefined;
  firestore: { database: string; emulatorHost: string | undefined };
  redis: { url: string; token: string };
  /** The cron secrets that may start a task, newest first; empty if none is configured. */
  cronSecrets: readonly string[];
  /** True if `?secret=` is accepted: in development, or with ALLOW_QUERY_SECRET. */
  allowQuerySecret: boolean;
  schedulerServiceAccount: string | undefined;
  serviceAccounts: readonly string[];
  operators: readonly string[];
  functionUrls: readonly string[];
  namePrefix: string;
  /** The issuer of Google-signed tokens in the local cloud; undefined: Google. */
  googleIssuer: string | undefined;
  /** The addresses of Google's services, or of the local cloud's; without a trailing slash. */
  google: { metadata: string; scheduler: string; tasks: string; secrets: string };
  /** The queue of Cloud Tasks for large runs. Undefined: each run works in the called instance. */
  tasks: TasksConfig | undefined;
  /** The issuer of user tokens. `clientId`: the console's client, by default the audience. `jwksUrl`: see AUTH_JWKS_URL. */
  auth: { issuer: string; audience: string; clientId: string; jwksUrl?: string } | undefined;
  adminClaim: string;
  allowedOrigins: readonly string[];
  local: boolean;
  /** Outgoing mail; undefined if EMAIL_HOST is unset. */
  mail: MailConfig | undefined;
  /** The reports on visits, and the pings and logins, that one user may send in a minute. */
  perMinute: { visits: number; pings: number };
  /** The keys that seal the credentials of mailboxes, newest first; empty if none is configured. */
  sealingKeys: readonly string[];
  /** An outside monitor that watch-runs calls after each run; the address is its credential. */
  healthcheckUrl: string | undefined;
  warnings: readonly string[];
}

/** The further settings that a function requires. */
export interface ConfigNeeds {
  /** It sends mail: it refuses to start without EMAIL_HOST and its companions. */
  mail?: boolean;
}

/**
 * Reads and checks the whole environment. Throws ConfigError with every fault: the variable, what is wrong, and the
 * remedy, never the value.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, needs: ConfigNeeds = {}): Config {
  const parsed = environment.safeParse(env);
  const faults = (parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`);
  faults.push(...crossFaults(env), ...mailFaults(env, needs.mail ?? false), ...tasksFaults(env));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return toConfig(parsed.data);
}

/** The part of the configuration that names a Firestore. */
export type StoreConfig = Pick<Config, 'project' | 'firestore'>;

const storeEnvironment = environment.pick({
  GOOGLE_CLOUD_PROJECT: true,
  FIRESTORE_DATABASE: true,
  FIRESTORE_EMULATOR_HOST: true,
});

/** Reads the Firestore's variables, for commands that need nothing else. Throws ConfigError like `loadConfig`. */
export function loadStoreConfig(env: NodeJS.ProcessEnv): StoreConfig {
  const { data, error } = storeEnvironment.safeParse(env);
  if (error) throw new ConfigError(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  return storeOf(data);
}

const storeOf = (e: z.infer<typeof storeEnvironment>): StoreConfig => ({
  project: e.GOOGLE_CLOUD_PROJECT,
  firestore: { database: e.FIRESTORE_DATABASE ?? '(default)', emulatorHost: e.FIRESTORE_EMULATOR_HOST },
});

/** Reads `.env`, or `.env.production` to deploy, from the working directory if it exists; bundles have none. */
export function loadDotEnv(file: '.env' | `.env.${string}` = '.env'): void {
  if (existsSync(file)) process.loadEnvFile(file);
}

type Environment = z.infer<typeof environment>;

function authOf(e: Environment): Config['auth'] {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwksUrl } = e;
  if (!issuer || !audience) return undefined;
  return { issuer, audience, clientId: e.AUTH_CLIENT_ID ?? audience, ...(jwksUrl ? { jwksUrl } : {}) };
}

function toConfig(e: Environment): Config {
  return {
    ...storeOf(e),
    region: e.REGION,
    redis: { url: e.UPSTASH_REDIS_REST_URL, token: e.UPSTASH_REDIS_REST_TOKEN },
    cronSecrets: [e.CRON_SECRET, e.CRON_SECRET_PREVIOUS].filter((value) => value !== undefined),
    allowQuerySecret: e.ALLOW_QUERY_SECRET || !e.K_SERVICE,
    schedulerServiceAccount: e.SCHEDULER_SERVICE_ACCOUNT,
    serviceAccounts: e.SERVICE_ACCOUNTS,
    operators: e.OPERATORS,
    functionUrls: e.FUNCTION_URLS,
    namePrefix: e.NAME_PREFIX ?? '',
    googleIssuer: e.RONDE_GOOGLE_ISSUER,
    google: {
      metadata: e.RONDE_METADATA ?? METADATA_SERVER,
      scheduler: e.RONDE_SCHEDULER ?? CLOUD_SCHEDULER,
      tasks: e.RONDE_TASKS ?? CLOUD_TASKS,
      secrets: e.RONDE_SECRETS ?? SECRET_MANAGER,
    },
    tasks: toTasksConfig(e),
    auth: authOf(e),
    adminClaim: e.AUTH_ADMIN_CLAIM ?? 'role',
    allowedOrigins: e.ALLOWED_ORIGINS,
    local: e.RONDE_LOCAL,
    mail: toMailConfig(e),
    perMinute: { visits: e.VISITS_PER_MINUTE, pings: e.PINGS_PER_MINUTE },
    sealingKeys: [e.INBOX_SEALING_KEY, e.INBOX_SEALING_KEY_PREVIOUS].filter((value) => value !== undefined),
    healthcheckUrl: e.HEALTHCHECK_URL,
    warnings: e.EMAIL_BACKEND ? ['EMAIL_BACKEND is ignored: mail goes out by SMTP, see EMAIL_HOST'] : [],
  };
}
