import { z } from 'zod';

/** An error in the shape of Google's REST APIs. */
export class ApiError extends Error {
  readonly http: number;
  readonly status: string;
  constructor(http: number, status: string, message: string) {
    super(message);
    this.http = http;
    this.status = status;
  }
}

export const invalid = (message: string): ApiError => new ApiError(400, 'INVALID_ARGUMENT', message);

const METHODS = [
  'HTTP_METHOD_UNSPECIFIED',
  'POST',
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
] as const;
/** What clients may send back from an earlier read; the service never takes it from them. */
const OUTPUT_ONLY = ['state', 'status', 'scheduleTime', 'lastAttemptTime', 'userUpdateTime', 'satisfiesPzs'];

const duration = z
  .string()
  .regex(/^\d+(\.\d{1,9})?s$/, 'Illegal duration format; duration must end with "s"');
const method = z.union([z.string(), z.int()]).transform((value, context) => {
  const known = METHODS.find((name, index) => value === name || value === index);
  if (!known) context.addIssue('Unknown HTTP method');
  return known === undefined || known === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : known;
});
const retryConfig = z.strictObject({
  retryCount: z.int().optional(),
  maxRetryDuration: duration.optional(),
  minBackoffDuration: duration.optional(),
  maxBackoffDuration: duration.optional(),
  maxDoublings: z.int().min(0).optional(),
});
const httpTarget = z.strictObject({
  uri: z.string(),
  httpMethod: method.default('POST'),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.base64().optional(),
  oidcToken: z.strictObject({ serviceAccountEmail: z.string(), audience: z.string().optional() }).optional(),
});
const jobFields = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  schedule: z.string().default(''),
  timeZone: z.string().optional(),
  attemptDeadline: duration.optional(),
  retryConfig: retryConfig.optional(),
  httpTarget: httpTarget.optional(),
});

/** The part of a job that its owner writes. */
export type JobFields = z.infer<typeof jobFields>;

/** A job as the API answers it, in proto3 JSON with enum names. */
export type Job = Omit<JobFields, 'name'> & {
  name: string;
  timeZone: string;
  state: 'ENABLED' | 'PAUSED';
  userUpdateTime: string;
  scheduleTime?: string | undefined;
  lastAttemptTime?: string | undefined;
  status?: { code?: number | undefined } | undefined;
};

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** proto3 JSON takes snake_case and camelCase names, and reads null as unset. The keys of a map stay as they are. */
function camelKeys(value: unknown, key = ''): unknown {
  if (!isObject(value) || key === 'headers') return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([name, inner]) => [camel(name), camelKeys(inner, camel(name))]));
}

/** The fields of a request body, by their camelCase names and without those that only the service sets. */
export function ownFields(body: unknown): Json {
  const fields = camelKeys(body ?? {});
  if (!isObject(fields)) throw invalid('Invalid JSON payload received.');
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !OUTPUT_ONLY.includes(key)));
}

/** Checks types and names; throws INVALID_ARGUMENT that names the field. */
export function parseFields(fields: Json): JobFields {
  const parsed = jobFields.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`Invalid value at 'job.${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'invalid'}`);
}

const MASKABLE = new Set([
  ...['description', 'schedule', 'timeZone', 'attemptDeadline', 'retryConfig', 'httpTarget'],
  ...Object.keys(retryConfig.shape).map((key) => `retryConfig.${key}`),
  ...Object.keys(httpTarget.shape).map((key) => `httpTarget.${key}`),
  ...['serviceAccountEmail', 'audience'].map((key) => `httpTarget.oidcToken.${key}`),
]);

/** The fields of `job` after a PATCH: those that the mask names (in either case), or all that the body holds. */
export function applyMask(job: Job, patch: Json, mask: string | null): JobFields {
  const result: Json = ownFields(structuredClone(job));
  const fields = mask
    ? mask.split(',').map((field) => field.split('.').map(camel).join('.'))
    : Object.keys(patch).filter((key) => key !== 'name');
  for (const field of fields) {
    if (!MASKABLE.has(field)) throw invalid(`Invalid update mask field: ${field}`);
    assign(result, field.split('.'), read(patch, field.split('.')));
  }
  const target = result.httpTarget;
  if (isObject(target) && isObject(target.oidcToken) && !target.oidcToken.serviceAccountEmail) {
    delete target.oidcToken;
  }
  return parseFields(result);
}

const read = (from: Json, path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), from);

function assign(into: Json, path: string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length > 0) {
    const inner = into[key];
    if (!isObject(inner) && value === undefined) return;
    const next: Json = isObject(inner) ? inner : {};
    into[key] = next;
    assign(next, rest, value);
  } else if (value === undefined) delete into[key];
  else into[key] = value;
}
