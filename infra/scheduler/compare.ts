import type { JobBody } from './job.ts';

/** A field of a job that differs from the file. A hidden value is shown as "changed", "added" or "removed". */
export interface FieldChange {
  field: string;
  old: string;
  new: string;
}

/** A job as the service returns it; a job for Pub/Sub or App Engine has no HTTP target. */
export interface ServerJob extends Omit<JobBody, 'httpTarget' | 'retryConfig'> {
  retryConfig: Partial<JobBody['retryConfig']>;
  httpTarget:
    | (Partial<Omit<JobBody['httpTarget'], 'oidcToken'>> & {
        oidcToken?: Partial<JobBody['httpTarget']['oidcToken'] & object>;
        oauthToken?: object;
      })
    | null;
  state: string;
  /** RFC 3339, or null if there is none. */
  nextAt: string | null;
  lastAt: string | null;
  /** The gRPC code of the last attempt; null before the first, 0 if it succeeded. */
  lastCode: number | null;
}

type Comparable = Pick<
  ServerJob,
  'description' | 'schedule' | 'timeZone' | 'attemptDeadline' | 'retryConfig' | 'httpTarget'
>;

/** Defaults that the service writes into a job (proto comments of Job, RetryConfig and HttpTarget). */
const DEFAULTS = { timeZone: 'Etc/UTC', deadline: 180, minBackoff: 5, maxBackoff: 3600, doublings: 5 };
const SERVICE_HEADERS = /^(user-agent|content-length|host|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/;
/** Headers without secrets; the values of all others are never shown. */
const PUBLIC_HEADERS = ['content-type', 'accept'];
const SENSITIVE = /secret|token|password|signature|credential|auth|key/i;

/** The mask that replaces the whole target, for another kind of proof or target. */
const WHOLE_TARGET = 'http_target';

/**
 * Compares the wanted job with that of the service. Returns the differing fields and the update mask for exactly these;
 * defaults that the service adds do not count.
 */
export function compareJobs(
  wanted: Comparable,
  server: Comparable,
): { fields: FieldChange[]; mask: string[] } {
  const [to, from] = [toFields(wanted), toFields(server)];
  const changed = Object.keys(to).filter((path) => to[path] !== from[path]);
  const fields = changed.map((field) => ({
    field,
    old: hideSecrets(from[field] ?? ''),
    new: hideSecrets(to[field] ?? ''),
  }));
  const headers = compareHeaders(wanted.httpTarget?.headers ?? {}, server.httpTarget?.headers ?? {});
  const body = compareBodies(wanted.httpTarget?.body, server.httpTarget?.body);
  const all = [...fields, ...headers, ...body];
  const mask = [
    ...changed,
    ...(headers.length > 0 ? [`${WHOLE_TARGET}.headers`] : []),
    ...(body.length > 0 ? [`${WHOLE_TARGET}.body`] : []),
  ];
  const isWhole = changed.includes(KIND);
  return { fields: all, mask: isWhole ? [...mask.filter((path) => !isInTarget(path)), WHOLE_TARGET] : mask };
}

const KIND = 'http_target.authentication';
const isInTarget = (path: string) => path.startsWith(`${WHOLE_TARGET}.`);

/** Returns every field except headers and body as comparable text, by its path in an update mask. */
function toFields(job: Comparable): Record<string, string> {
  const { retryConfig: retry, httpTarget: target } = job;
  const uri = normaliseUri(target?.uri ?? '');
  const oidc = target?.oidcToken;
  return {
    description: job.description,
    schedule: job.schedule.trim().split(/\s+/).join(' '),
    // UTC and Etc/UTC mean the same instants; the service writes UTC by default.
    time_zone: !job.timeZone || job.timeZone === 'UTC' ? DEFAULTS.timeZone : job.timeZone,
    attempt_deadline: toSeconds(job.attemptDeadline, DEFAULTS.deadline),
    'retry_config.retry_count': String(retry.retryCount ?? 0),
    'retry_config.min_backoff_duration': toSeconds(retry.minBackoffDuration, DEFAULTS.minBackoff),
    'retry_config.max_backoff_duration': toSeconds(retry.maxBackoffDuration, DEFAULTS.maxBackoff),
    'retry_config.max_doublings': String(retry.maxDoublings || DEFAULTS.doublings),
    'retry_config.max_retry_duration': toSeconds(retry.maxRetryDuration, 0),
    'http_target.uri': uri,
    'http_target.http_method': target?.httpMethod || 'POST',
    [KIND]: nameProof(target),
    ...(oidc
      ? {
          'http_target.oidc_token.service_account_email': oidc.serviceAccountEmail ?? '',
          'http_target.oidc_token.audience': normaliseUri(oidc.audience || uri),
        }
      : {}),
  };
}

function nameProof(target: Comparable['httpTarget']): string {
  if (target === null) return 'not an HTTP job';
  if (target.oauthToken) return 'oauth';
  return target.oidcToken ? 'oidc' : 'none';
}

/** Adds the slash to a bare address, as the service does. */
const normaliseUri = (uri: string) => (/^https?:\/\/[^/?#]+$/.test(uri) ? `${uri}/` : uri);

function toSeconds(duration: string | undefined, fallback: number): string {
  return `${Number.parseFloat(duration ?? '') || fallback}s`;
}

function compareHeaders(wanted: Record<string, string>, server: Record<string, string>): FieldChange[] {
  const [to, from] = [readHeaders(wanted), readHeaders(server)];
  // The service adds this type to a body without one.
  if (!to.has('content-type') && from.get('content-type') === 'application/octet-stream') {
    from.delete('content-type');
  }
  const names = [...new Set([...to.keys(), ...from.keys()])].sort();
  return names.flatMap((name) =>
    to.get(name) === from.get(name)
      ? []
      : [
          toChange(
            `http_target.headers.${name}`,
            from.get(name),
            to.get(name),
            PUBLIC_HEADERS.includes(name),
          ),
        ],
  );
}

/** Returns the headers that the service did not add, by their lower-case names. */
function readHeaders(headers: Record<string, string>): Map<string, string> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  return new Map(entries.filter(([name]) => !SERVICE_HEADERS.test(name)));
}

/** Compares parameter by parameter if both bodies are JSON objects, else as a whole. */
function compareBodies(wanted = '', server = ''): FieldChange[] {
  if (wanted === server) return [];
  const [to, from] = [parseBody(wanted), parseBody(server)];
  if (!to || !from) return [toChange('http_target.body', server || undefined, wanted || undefined, false)];
  const names = [...new Set([...Object.keys(to), ...Object.keys(from)])];
  const changes = names.flatMap((name) =>
    to[name] === from[name]
      ? []
      : [toChange(`http_target.body.${name}`, from[name], to[name], !SENSITIVE.test(name))],
  );
  return changes.length > 0
    ? changes
    : [toChange('http_target.body', 'other spelling', 'as the file says', true)];
}

/** Parses a JSON object in base64 into JSON texts by name. Returns null for anything else. */
function parseBody(base64: string): Record<string, string> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, JSON.stringify(item)]));
  } catch {
    return null;
  }
}

function toChange(
  field: string,
  old: string | undefined,
  next: string | undefined,
  isPublic: boolean,
): FieldChange {
  if (isPublic) return { field, old: old ?? '(none)', new: next ?? '(none)' };
  const word = old === undefined ? 'added' : next === undefined ? 'removed' : 'changed';
  return { field, old: '(hidden)', new: word };
}

/** Hides the values of query parameters with names like those of secrets. */
function hideSecrets(text: string): string {
  return text.replace(/([?&]([^=?&\s]+)=)[^&\s]*/g, (pair, head: string, name: string) =>
    SENSITIVE.test(name) ? `${head}(hidden)` : pair,
  );
}
