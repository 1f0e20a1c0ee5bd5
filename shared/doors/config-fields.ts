import * as z from 'zod';

// The kinds of values of environment variables, as zod schemas. Their messages never show the value.

/** A function refuses to start with a shorter secret. `openssl rand -hex 16` makes 32 characters. */
const MIN_SECRET_LENGTH = 32;
const MIN_PER_MINUTE = 60;

/** An empty variable counts as unset, as in a shell. */
export const optional = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value));
export const truth = z
  .enum(['true', 'True', '1', 'false', 'False', '0'], { error: 'must be true, True, 1, false, False or 0' })
  .transform((value) => ['true', 'True', '1'].includes(value));
export const boolean = optional.pipe(truth.optional().transform((value) => value ?? false));
export const list = optional.transform((value) =>
  (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean),
);
export const url = optional.pipe(z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional());
export const secret = optional.pipe(
  z
    .string()
    .refine(
      (value) => value === value.trim(),
      'has white space around it; store it again without (printf, not echo)',
    )
    .refine(
      (value) => value.length >= MIN_SECRET_LENGTH,
      `is shorter than ${MIN_SECRET_LENGTH} characters; make one with \`npm run ronde -- secret generate\``,
    )
    .optional(),
);
/** A number of requests in a minute; twenty tabs of one user send about forty. */
export const perMinute = (usual: number) =>
  optional.transform((text, context) => {
    if (text === undefined) return usual;
    if (/^\d{1,6}$/.test(text) && Number(text) >= MIN_PER_MINUTE) return Number(text);
    const message = `must be a whole number from ${MIN_PER_MINUTE} to 999999: fewer would refuse open tabs`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
/** A secret that callers send in a header: one with other characters would never open anything. */
export const sentSecret = secret.refine(
  (value) => value === undefined || /^[\x21-\x7e]*$/.test(value.trim()),
  'has a space or a character outside ASCII; make one with `npm run ronde -- secret generate`',
);

/** Returns the faults between variables. It reads the raw environment, so that they appear beside other faults. */
export function crossFaults(e: NodeJS.ProcessEnv): string[] {
  const faults: string[] = [];
  const local = boolean.safeParse(e.RONDE_LOCAL).data;
  if (local && e.K_SERVICE)
    faults.push('RONDE_LOCAL is for the local cloud and K_SERVICE says this is Google Cloud; unset it');
  const stands = ['RONDE_GOOGLE_ISSUER', 'RONDE_METADATA', 'RONDE_SCHEDULER', 'RONDE_TASKS', 'RONDE_SECRETS'];
  for (const name of stands)
    if (e[name] && local === false) faults.push(`${name} replaces Google only with RONDE_LOCAL=1; unset it`);
  if (e.CRON_SECRET_PREVIOUS && !e.CRON_SECRET)
    faults.push('CRON_SECRET_PREVIOUS is set without CRON_SECRET; set the new secret too');
  if (e.INBOX_SEALING_KEY_PREVIOUS && !e.INBOX_SEALING_KEY)
    faults.push('INBOX_SEALING_KEY_PREVIOUS is set without INBOX_SEALING_KEY; set the new key too');
  if (Boolean(e.AUTH_ISSUER) !== Boolean(e.AUTH_AUDIENCE))
    faults.push('AUTH_ISSUER and AUTH_AUDIENCE go together; set both or neither');
  if (e.AUTH_JWKS_URL && !e.AUTH_ISSUER)
    faults.push('AUTH_JWKS_URL is set without AUTH_ISSUER; set the issuer too');
  return faults;
}
