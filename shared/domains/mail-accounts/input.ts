import * as z from 'zod';
import { accountAuth, line, serverHost, serverPort } from '../../doors/account/input.ts';
import { normaliseAddress } from '../../doors/mail/address.ts';
import { SECURITIES, SUBMISSION_PORTS } from './account.ts';

const MAX_DOMAINS = 50;
const MAX_CONNECTIONS = 50;
const MAX_PER_MINUTE = 10_000;

const host = serverHost('smtp.example.com');
const port = serverPort(`${SUBMISSION_PORTS.tls} for TLS, ${SUBMISSION_PORTS.starttls} for STARTTLS`);
const security = z.enum(SECURITIES, 'must be tls (TLS at once), starttls, or none (only on this machine)');
const address = z
  .string()
  .transform(normaliseAddress)
  .refine((value): value is string => value !== null, 'must be the e-mail address of the account');
const ruleDomains = 'must be a list of domains, such as ["example.com"]';
const domains = z
  .array(
    line(253, 1)
      .toLowerCase()
      .regex(/^[a-z\d]([a-z\d.-]*[a-z\d])?$/, ruleDomains),
    ruleDomains,
  )
  .min(1, 'must name at least one domain')
  .max(MAX_DOMAINS, `must name at most ${MAX_DOMAINS} domains`)
  .transform((names) => [...new Set(names)]);
const count = (max: number) => {
  const rule = `must be a whole number from 1 to ${max}`;
  return z.int(rule).min(1, rule).max(max, rule);
};

/** The body that creates a mail account. */
export const newMailAccount = z.strictObject({
  org_id: line(200, 1),
  label: line(200).default(''),
  host,
  port: port.optional(),
  security: security.default('starttls'),
  auth: accountAuth,
  address: address.optional(),
  from_domains: domains.optional(),
  max_connections: count(MAX_CONNECTIONS).optional(),
  per_minute: count(MAX_PER_MINUTE).nullable().optional(),
});
export type NewMailAccount = z.infer<typeof newMailAccount>;

/** The body that changes a mail account; absent fields stay. */
export const mailAccountChange = z.strictObject({
  label: line(200).optional(),
  host: host.optional(),
  port: port.optional(),
  security: security.optional(),
  auth: accountAuth.optional(),
  address: address.optional(),
  from_domains: domains.optional(),
  max_connections: count(MAX_CONNECTIONS).optional(),
  per_minute: count(MAX_PER_MINUTE).nullable().optional(),
  updated_at: z.string().nullable().optional(),
});
export type MailAccountChange = z.infer<typeof mailAccountChange>;
