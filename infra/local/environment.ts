import { randomBytes } from 'node:crypto';

/** What the local cloud's functions are configured with; the same variables as on Google Cloud. */
export interface LocalParts {
  project: string;
  firestoreHost: string;
  redis: { url: string; token: string };
  issuer: { issuer: string; googleIssuer: string; audience: string };
  /** Absent: nothing here sends mail. */
  smtp?: { host: string; port: number };
  gateway: string;
  /** Absent: nothing here calls a task or Cloud Scheduler in its own name. */
  metadata?: { url: string };
  scheduler?: { url: string };
  tasks?: { url: string };
  /** The queue that large rounds are handed to; absent: they run in the function that is called. */
  tasksQueue?: string | undefined;
  /** Undefined: a fresh random one. Empty: none, and the tasks are open to this machine. */
  cronSecret: string | undefined;
}

export const LOCAL_PROJECT = 'ronde-local';
export const LOCAL_REGION = 'europe-west1';
export const SCHEDULER_ACCOUNT = `scheduler@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
export const CONSOLE_ACCOUNT = `console@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
export const TASKS_ACCOUNT = `tasks@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
const SENDER = 'Ronde <noreply@ronde.test>';
export const OPERATOR = 'operator@example.test';

/** The environment of a function in the local cloud, for the gateway and for function processes of tests alike. */
export function localEnvironment(parts: LocalParts): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: parts.project,
    REGION: LOCAL_REGION,
    FIRESTORE_EMULATOR_HOST: parts.firestoreHost,
    METADATA_SERVER_DETECTION: 'none',
    UPSTASH_REDIS_REST_URL: parts.redis.url,
    UPSTASH_REDIS_REST_TOKEN: parts.redis.token,
    CRON_SECRET: parts.cronSecret ?? randomBytes(32).toString('hex'),
    SCHEDULER_SERVICE_ACCOUNT: SCHEDULER_ACCOUNT,
    SERVICE_ACCOUNTS: `${CONSOLE_ACCOUNT},${TASKS_ACCOUNT}`,
    TASKS_SERVICE_ACCOUNT: TASKS_ACCOUNT,
    ...(parts.tasksQueue ? { TASKS_QUEUE: parts.tasksQueue } : {}),
    OPERATORS: OPERATOR,
    FUNCTION_URLS: parts.gateway,
    AUTH_ISSUER: parts.issuer.issuer,
    AUTH_AUDIENCE: parts.issuer.audience,
    ALLOWED_ORIGINS: parts.gateway,
    PUBLIC_URL: parts.gateway,
    ...(parts.smtp ? { EMAIL_HOST: parts.smtp.host, EMAIL_PORT: String(parts.smtp.port) } : {}),
    // The local mail server is on loopback and has no certificate that anybody trusts.
    EMAIL_USE_TLS: 'false',
    DEFAULT_FROM_EMAIL: SENDER,
    INBOX_SEALING_KEY: randomBytes(32).toString('hex'),
    LINK_KEY: randomBytes(32).toString('hex'),
    RONDE_LOCAL: '1',
    RONDE_GOOGLE_ISSUER: parts.issuer.googleIssuer,
    ...(parts.metadata ? { RONDE_METADATA: parts.metadata.url } : {}),
    ...(parts.scheduler ? { RONDE_SCHEDULER: parts.scheduler.url } : {}),
    ...(parts.tasks ? { RONDE_TASKS: parts.tasks.url } : {}),
  };
}
