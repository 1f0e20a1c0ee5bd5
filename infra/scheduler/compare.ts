import type { JobBody } from './job.ts';

/** One field of a job that is not as the file says. A hidden value is told as "changed", "added" or "removed" only. */
export interface FieldChange {
  field: string;
  old: string;
  new: string;
}

/** A job as the service answers it; a job of another kind (Pub/Sub, App Engine) has no HTTP target. */
export interface ServerJob extends Omit<JobBody, 'httpTarget' | 'retryConfig'> {
  retryConfig: Partial<JobBody['retryConfig']>;
  httpTarget:
    | (Partial<Omit<JobBody['httpTarget'], 'oidcToken'>> & {
        oidcToken?: Partial<JobBody['httpTarget']['oidcToken'] & object>;
        oauthToken?: object;
      })
    | null;
  state: string;
  /** RFC 3339, or null when there is none. */
  nextAt: string | null;
  lastAt: string | null;
  /** The gRPC code of the last attempt; null before the first, 0 when it succeeded. */
  lastCode: number | null;
}

type Comparable = Pick<
  ServerJob,
  'description' | 'schedule' | 'timeZone' | 'attemptDeadline' | 'retryConfig' | 'httpTarget'
>;

/** What the service writes into a job by itself (proto comments of Job, RetryConfig and HttpTarget). */
const DEFAULTS = { timeZone: 'Etc/UTC', deadline: 180, minBackoff: 5, maxBackoff: 3600, doublings: 5 };
const OWN_HEADERS = /^(user-agent|content-length|host|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/;
/** Headers whose values hold no secret; those of all others are never shown. */
const SHOWN_HEADERS = ['content-type', 'accept'];
const SENSITIVE = /secret|token|password|signature|credential|auth|key/i;

/** The mask that replaces the whole target: for another kind of proof, or another kind of target. */
const WHOLE_TARGET = 'http_target';

/**
 * What differs between a job as wanted and as the service has it, and the update mask that mends exactly that. What the
 * service adds by itself is no difference.
 */
export function compareJobs(
  wanted: Comparable,
  server: Comparable,
): { fields: FieldChange[]; mask: string[] } {
  const [to, from] = [plainFields(wanted), plainFields(server)];
  const changed = Object.keys(to).filter((path) => to[path] !== from[path]);
  const fields = changed.map((field) => ({
    field,
    old: safe(from[field] ?? ''),
    new: safe(to[field] ?? ''),
  }));
  const headers = compareHeaders(wanted.httpTarget?.headers ?? {}, server.httpTarget?.headers ?? {});
  const body = compareBodies(wanted.httpTarget?.body, server.httpTarget?.body);
  const all = [...fields, ...headers, ...body];
  const mask = [
    ...changed,
    ...(headers.length > 0 ? [`${WHOLE_TARGET}.headers`] : []),
    ...(body.length > 0 ? [`${WHOLE_TARGET}.body`] : []),
  ];
  const whole = changed.includes(KIND);
  return { fields: all, mask: whole ? [...mask.filter((path) => !inTarget(path)), WHOLE_TARGET] : mask };
}

const KIND = 'http_target.authentication';
const inTarget = (path: string) => path.startsWith(`${WHOLE_TARGET}.`);

/** Every field but headers and body as comparable text, by its path in an update mask. */
function plainFields(job: Comparable): Record<string, string> {
  const { retryConfig: retry, httpTarget: target } = job;
  const uri = normalUri(target?.uri ?? '');
  const oidc = target?.oidcToken;
  return {
    description: job.description,
    schedule: job.schedule.trim().split(/\s+/).join(' '),
    // Both names mean the same instants; the service writes UTC where none is given.
    time_zone: !job.timeZone || job.timeZone === 'UTC' ? DEFAULTS.timeZone : job.timeZone,
    attempt_deadline: seconds(job.attemptDeadline, DEFAULTS.deadline),
    'retry_config.retry_count': String(retry.retryCount ?? 0),
    'retry_config.min_backoff_duration': seconds(retry.minBackoffDuration, DEFAULTS.minBackoff),
    'retry_config.max_backoff_duration': seconds(retry.maxBackoffDuration, DEFAULTS.maxBackoff),
    'retry_config.max_doublings': String(retry.maxDoublings || DEFAULTS.doublings),
    'retry_config.max_retry_duration': seconds(retry.maxRetryDuration, 0),
    'http_target.uri': uri,
    'http_target.http_method': target?.httpMethod || 'POST',
    [KIND]: proofOf(target),
    ...(oidc
      ? {
          'http_target.oidc_token.service_account_email': oidc.serviceAccountEmail ?? '',
          'http_target.oidc_token.audience': normalUri(oidc.audience || uri),
        }
      : {}),
  };
}

function proofOf(target: Comparable['httpTarget']): string {
  if (target === null) return 'not an HTTP job';
  if (target.oauthToken) return 'oauth';
  return target.oidcToken ? 'oidc' : 'none';
}

/** The service gives a bare address its slash. */
const normalUri = (uri: string) => (/^https?:\/\/[^/?#]+$/.test(uri) ? `${uri}/` : uri);

function seconds(duration: string | undefined, fallback: number): string {
  return `${Number.parseFloat(duration ?? '') || fallback}s`;
}

function compareHeaders(wanted: Record<string, string>, server: Record<string, string>): FieldChange[] {
  const [to, from] = [ownHeaders(wanted), ownHeaders(server)];
  // The service types a body that came without a type.
  if (!to.has('content-type') && from.get('content-type') === 'application/octet-stream') {
    from.delete('content-type');
  }
  const names = [...new Set([...to.keys(), ...from.keys()])].sort();
  return names.flatMap((name) =>
    to.get(name) === from.get(name)
      ? []
      : [change(`http_target.headers.${name}`, from.get(name), to.get(name), SHOWN_HEADERS.includes(name))],
  );
}

/** Headers that somebody set, by their lower-case names. */
function ownHeaders(headers: Record<string, string>): Map<string, string> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  return new Map(entries.filter(([name]) => !OWN_HEADERS.test(name)));
}

/** Parameter by parameter where both are JSON objects, else as one. */
function compareBodies(wanted = '', server = ''): FieldChange[] {
  if (wanted === server) return [];
  const [to, from] = [jsonOf(wanted), jsonOf(server)];
  if (!to || !from) return [change('http_target.body', server || undefined, wanted || undefined, false)];
  const names = [...new Set([...Object.keys(to), ...Object.keys(from)])];
  const changes = names.flatMap((name) =>
    to[name] === from[name]
      ? []
      : [change(`http_target.body.${name}`, from[name], to[name], !SENSITIVE.test(name))],
  );
  return changes.length > 0
    ? changes
    : [change('http_target.body', 'other spelling', 'as the file says', true)];
}

/** The values of a JSON object in base64, each as JSON text; null for anything else. */
function jsonOf(base64: string): Record<string, string> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, JSON.stringify(item)]));
  } catch {
    return null;
  }
}

function change(
  field: string,
  old: string | undefined,
  next: string | undefined,
  shown: boolean,
): FieldChange {
  if (shown) return { field, old: old ?? '(none)', new: next ?? '(none)' };
  const word = old === undefined ? 'added' : next === undefined ? 'removed' : 'changed';
  return { field, old: '(hidden)', new: word };
}

/** A text without the values of query parameters that are named like secrets. */
function safe(text: string): string {
  return text.replace(/([?&]([^=&\s]+)=)[^&\s]*/g, (pair, head: string, name: string) =>
    SENSITIVE.test(name) ? `${head}(hidden)` : pair,
  );
}
