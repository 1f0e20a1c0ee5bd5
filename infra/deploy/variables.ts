/** An environment variable of the product: its readers, and whether it is secret. */
interface Variable {
  name: string;
  /** The functions that read it: all, every task, or the named ones. */
  for: 'all' | 'tasks' | readonly string[];
  /** A secret of Secret Manager, named in infra/scheduler.yaml, never written to a file or command line. */
  secret?: true;
  /** deploy.sh computes it, and ignores the operator's value. */
  computed?: true;
}

const BROWSERS = ['visits', 'presence', 'console'];
const MAILERS = ['check-delay-alerts', 'process-followups', 'sync-inbox', 'watch-runs', 'console'];

/** Every variable of shared/doors/config.ts that a deployed function may have; not RONDE_* and emulators. */
export const VARIABLES: readonly Variable[] = [
  { name: 'GOOGLE_CLOUD_PROJECT', for: 'all', computed: true },
  { name: 'REGION', for: 'all', computed: true },
  { name: 'FUNCTION_URLS', for: 'all', computed: true },
  { name: 'NAME_PREFIX', for: ['console'], computed: true },
  { name: 'SCHEDULER_SERVICE_ACCOUNT', for: 'tasks', computed: true },
  { name: 'PUBLIC_URL', for: 'all' },
  { name: 'FIRESTORE_DATABASE', for: 'all' },
  { name: 'UPSTASH_REDIS_REST_URL', for: 'all' },
  { name: 'UPSTASH_REDIS_REST_TOKEN', for: 'all', secret: true },
  { name: 'OPERATORS', for: 'all' },
  { name: 'AUTH_ISSUER', for: 'all' },
  { name: 'AUTH_AUDIENCE', for: 'all' },
  { name: 'AUTH_ADMIN_CLAIM', for: 'all' },
  { name: 'AUTH_JWKS_URL', for: 'all' },
  { name: 'AUTH_CLIENT_ID', for: ['console'] },
  { name: 'SERVICE_ACCOUNTS', for: 'tasks', computed: true },
  { name: 'CRON_SECRET', for: 'tasks', secret: true },
  { name: 'CRON_SECRET_PREVIOUS', for: 'tasks', secret: true },
  { name: 'ALLOW_QUERY_SECRET', for: 'tasks' },
  { name: 'TASKS_QUEUE', for: 'tasks', computed: true },
  { name: 'TASKS_SERVICE_ACCOUNT', for: 'tasks', computed: true },
  { name: 'ALLOWED_ORIGINS', for: BROWSERS },
  { name: 'VISITS_PER_MINUTE', for: ['visits'] },
  { name: 'PINGS_PER_MINUTE', for: ['presence'] },
  { name: 'EMAIL_HOST', for: MAILERS },
  { name: 'EMAIL_PORT', for: MAILERS },
  { name: 'EMAIL_USE_TLS', for: MAILERS },
  { name: 'EMAIL_HOST_USER', for: MAILERS },
  { name: 'EMAIL_HOST_PASSWORD', for: MAILERS, secret: true },
  { name: 'EMAIL_AUTH', for: MAILERS },
  { name: 'EMAIL_OAUTH_CLIENT_ID', for: MAILERS },
  { name: 'EMAIL_OAUTH_CLIENT_SECRET', for: MAILERS, secret: true },
  { name: 'EMAIL_OAUTH_REFRESH_TOKEN', for: MAILERS, secret: true },
  { name: 'EMAIL_OAUTH_TOKEN_URL', for: MAILERS },
  { name: 'DEFAULT_FROM_EMAIL', for: MAILERS },
  { name: 'EMAIL_REDIRECT_TO', for: MAILERS },
  { name: 'EMAIL_PAUSED', for: MAILERS },
  // Seals the credentials of mailboxes and mail accounts, and their access tokens.
  { name: 'INBOX_SEALING_KEY', for: MAILERS, secret: true },
  { name: 'INBOX_SEALING_KEY_PREVIOUS', for: MAILERS, secret: true },
  // Makes Message-IDs unguessable.
  { name: 'LINK_KEY', for: MAILERS, secret: true },
  { name: 'LINK_KEY_PREVIOUS', for: ['console'], secret: true },
  { name: 'HEALTHCHECK_URL', for: ['watch-runs'] },
];

/** Returns the variables that one function reads. */
export function listVariables(name: string, task: boolean): Variable[] {
  return VARIABLES.filter(
    ({ for: readers }) =>
      readers === 'all' ||
      (readers === 'tasks' && task) ||
      (Array.isArray(readers) && readers.includes(name)),
  );
}
