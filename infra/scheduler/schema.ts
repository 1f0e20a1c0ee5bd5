import { z } from 'zod';
import { MEMORIES } from './cpu.ts';
import { checkCron } from './cron.ts';
import { DURATION_LEGAL, parseDuration } from './duration.ts';
import { DESCRIPTION_MAX } from './marker.ts';
import { checkZone } from './zone.ts';

const text = (rule: string, pattern: RegExp) => z.string({ error: rule }).regex(pattern, { error: rule });
const whole = (min: number, max: number) => {
  const error = `legal: a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};
const yesNo = z.boolean({ error: 'legal: true or false' });
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `legal: ${values.join(' or ')}` });

const duration = (min: number, max: number, rule: string) =>
  z.string({ error: DURATION_LEGAL }).transform((value, context) => {
    const seconds = parseDuration(value);
    if (seconds !== null && seconds >= min && seconds <= max) return seconds;
    context.addIssue({ code: 'custom', message: seconds === null ? DURATION_LEGAL : `legal: ${rule}` });
    return z.NEVER;
  });

/** Accepts a text if `findFault` returns null. */
const acceptIf =
  (findFault: (value: string) => string | null) => (value: string, context: z.RefinementCtx) => {
    const message = findFault(value);
    if (message) context.addIssue({ code: 'custom', message });
  };

const NAME = 'legal: a letter, then letters, digits and hyphens, at most 63, not ending in a hyphen';
const name = text(NAME, /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/);
const account = text(
  'legal: a service account e-mail or a $-variable in braces',
  /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$|^\$\{[A-Z_][A-Z0-9_]*\}$/,
);
const variable = text(
  'legal: an upper-case environment variable that Cloud Run does not set itself (PORT, K_*, GOOGLE_*, X_GOOGLE_*, FUNCTION_*)',
  /^(?!(?:PORT|K_\w*|GOOGLE_\w*|X_GOOGLE_\w*|FUNCTION_\w*)$)[A-Z_][A-Z0-9_]*$/,
);
const secret = text(
  'legal: the name of a secret, letters, digits, - and _, at most 255',
  /^[A-Za-z0-9_-]{1,255}$/,
);

/** The values that all functions share. */
export const defaultsSchema = z.strictObject(
  { runtime: oneOf(['nodejs24']), service_account: account, scheduler_service_account: account },
  { error: 'legal: runtime, service_account and scheduler_service_account' },
);

/** One deployed function. */
export const functionSchema = z.strictObject(
  {
    task: yesNo,
    memory: oneOf(MEMORIES),
    cpu: z
      .number({ error: 'legal: 0.08 to 1, or 2, 4, 6, 8' })
      .refine((cpu) => (cpu >= 0.08 && cpu <= 1) || [2, 4, 6, 8].includes(cpu), {
        error: 'legal: 0.08 to 1, or 2, 4, 6, 8',
      })
      .optional(),
    semi_space_mib: whole(1, 64).optional(),
    timeout: duration(1, 3600, '1s to 3600s'),
    concurrency: whole(1, 1000),
    max_instances: whole(1, 1000),
    fan_out: z
      .strictObject(
        { max_concurrent: whole(1, 1000), max_per_second: whole(1, 500) },
        { error: 'legal: max_concurrent and max_per_second' },
      )
      .optional(),
    vpc_connector: text(
      'legal: the name of a Serverless VPC Access connector of the region, or projects/P/locations/R/connectors/NAME',
      /^(?:projects\/[a-z0-9:.-]+\/locations\/[a-z0-9-]+\/connectors\/)?[a-z][a-z0-9-]{1,23}[a-z0-9]$/,
    ).optional(),
    secrets: z.record(variable, secret, { error: 'legal: a map of VARIABLE: secret-name, {} for none' }),
  },
  { error: 'legal: a map such as { task: true, memory: 512Mi, ... }' },
);

const retrySchema = z.strictObject(
  {
    count: whole(0, 5),
    min_backoff: duration(1, 3600, '1s to 1h'),
    max_backoff: duration(1, 3600, '1s to 1h'),
    max_doublings: whole(1, 16),
    max_duration: duration(0, 86_400, '0s (the count alone decides) to 24h'),
  },
  { error: 'legal: count, min_backoff, max_backoff, max_doublings and max_duration, all stated' },
);

const audience = text(
  'legal: an https address without query or fragment, or a $-variable in braces',
  /^https:\/\/[!"$->@-~]+$|^\$\{[A-Z_][A-Z0-9_]*\}$/,
);
const authSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('oidc'), audience: audience.optional() }),
    z.strictObject({ type: z.literal('secret') }),
  ],
  { error: 'legal: type oidc (with an audience if need be) or secret' },
);

/** One Cloud Scheduler job. */
export const jobSchema = z.strictObject(
  {
    function: name,
    method: oneOf(['GET', 'POST']),
    route: text('legal: a path that starts with / and has no query', /^\/[A-Za-z0-9/_.-]*$/),
    schedule: z
      .string({ error: 'legal: a unix-cron expression of five fields, in quotes' })
      .superRefine(acceptIf(checkCron)),
    time_zone: z
      .string({ error: 'legal: an IANA time zone such as Etc/UTC' })
      .superRefine(acceptIf(checkZone)),
    description: text(
      `legal: one line of 1 to ${DESCRIPTION_MAX} visible characters`,
      new RegExp(
        `^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]{1,${DESCRIPTION_MAX}}$`,
      ),
    ),
    params: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean()], { error: 'legal: a text, a number or true/false' }),
        { error: 'legal: a map of parameter: value' },
      )
      .default({}),
    budget_seconds: whole(5, 1800),
    attempt_deadline: duration(15, 1800, '15s to 30m'),
    retry: retrySchema,
    auth: authSchema,
    on_overlap: oneOf(['skip', 'retry']).optional(),
    grace: duration(1, 86_400, '1s to 24h'),
    paused: yesNo.default(false),
  },
  { error: 'legal: a map that begins with function, method and route' },
);

const keys = (schema: { shape: object }): string[] => Object.keys(schema.shape);

/** Returns the legal keys below a path of the file; those of `auth` depend on its type. */
export function legalKeys(path: readonly (string | number)[], proof: unknown): readonly string[] {
  const [top, , part] = path;
  if (top === undefined) return ['defaults', 'functions', 'jobs'];
  if (top === 'defaults') return keys(defaultsSchema);
  if (top === 'functions' && part === 'fan_out') return ['max_concurrent', 'max_per_second'];
  if (top === 'functions') return keys(functionSchema);
  if (part === 'retry') return keys(retrySchema);
  if (part === 'auth') return proof === 'secret' ? ['type'] : ['type', 'audience'];
  return keys(jobSchema);
}

export type Defaults = z.output<typeof defaultsSchema>;
export type FunctionEntry = z.output<typeof functionSchema>;
export type JobEntry = z.output<typeof jobSchema>;
