import { randomBytes } from 'node:crypto';

/** The parts that the local functions are configured with, under the same variables as on Google Cloud. */
export interface LocalParts {
  project: string;
  firestoreHost: string;
  redis: { url: string; token: string };
  issuer: { issuer: string; googleIssuer: string; audience: string };
  /** If absent, the functions send no mail. */
  smtp?: { host: string; port: number };
  gateway: string;
  /** If absent, no function calls a task or Cloud Scheduler with its service account. */
  metadata?: { url: string };
  scheduler?: { url: string };
  tasks?: { url: string };
  /** The queue to which large runs dispatch their batches. If absent, each run does all its work itself. */
  tasksQueue?: string | undefined;
  /** If undefined, a random secret is made. If empty, there is none and this machine may call the tasks. */
  cronSecret: string | undefined;
}

export const LOCAL_PROJECT = 'ronde-local';
export const LOCAL_REGION = 'europe-west1';
export const SCHEDULER_ACCOUNT = `scheduler@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
export const CONSOLE_ACCOUNT = `console@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
export const TASKS_ACCOUNT = `tasks@${LOCAL_PROJECT}.iam.gserviceaccount.com`;
const SENDER = 'Ronde <noreply@ronde.test>';
export const OPERATOR = 'operator@example.test';

/** Returns the environment of a local function, for the gateway and for the function processes of tests. */
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
    // The local mail server listens on loopback only and has no trusted certificate.
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
