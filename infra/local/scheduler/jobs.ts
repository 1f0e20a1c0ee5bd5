import { z } from 'zod';
import { copyMasked, duration, fieldsOf, httpMethod, invalid, isObject, type Json } from '../google-json.ts';

/** Fields that clients may send back from an earlier read; the service ignores them. */
const OUTPUT_ONLY = ['state', 'status', 'scheduleTime', 'lastAttemptTime', 'userUpdateTime', 'satisfiesPzs'];

const retryConfig = z.strictObject({
  retryCount: z.int().optional(),
  maxRetryDuration: duration.optional(),
  minBackoffDuration: duration.optional(),
  maxBackoffDuration: duration.optional(),
  maxDoublings: z.int().min(0).optional(),
});
const httpTarget = z.strictObject({
  uri: z.string(),
  httpMethod: httpMethod.default('POST'),
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

/** Returns the fields of a request body by camelCase names, without those that only the service sets. */
export const ownFields = (body: unknown): Json => fieldsOf(body, OUTPUT_ONLY);

/** Checks types and names. Throws INVALID_ARGUMENT with the field's name. */
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

/** Returns the fields of `job` after a PATCH: the mask's fields (in either case), or all fields of the body. */
export function applyMask(job: Job, patch: Json, mask: string | null): JobFields {
  const result: Json = ownFields(structuredClone(job));
  copyMasked(result, patch, mask, MASKABLE);
  const target = result.httpTarget;
  if (isObject(target) && isObject(target.oidcToken) && !target.oidcToken.serviceAccountEmail) {
    delete target.oidcToken;
  }
  return parseFields(result);
}
