import * as z from 'zod';
import { accountAuth, line, serverHost, serverPort } from '../../../doors/account/input.ts';
import { normaliseAddress } from '../../../doors/mail/address.ts';
import { FIRST_FOLDER, PORTS } from '../limits.ts';

const MAX_FOLDERS = 50;

const ruleFolder =
  'must be the name of a folder, of 1 to 1000 characters on one line, as the server writes it';
/** Blanks at the ends belong to a folder's name. */
const folder = z
  .string(ruleFolder)
  .min(1, ruleFolder)
  .max(1_000, ruleFolder)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, ruleFolder);
/** INBOX is the same in any case (RFC 9051, 5.1). */
const foldInbox = (path: string) => (path.toUpperCase() === FIRST_FOLDER ? FIRST_FOLDER : path);
const port = serverPort(`${PORTS.tls} for TLS, ${PORTS.starttls} for STARTTLS`);
const folders = z
  .array(folder, 'must be a list of folder names')
  .min(1, 'must name at least one folder, such as INBOX')
  .max(MAX_FOLDERS, `must name at most ${MAX_FOLDERS} folders`)
  .transform((paths) => [...new Set(paths.map(foldInbox))]);
const notifyEmail = z
  .string()
  .transform((text, context) => {
    const address = normaliseAddress(text);
    if (address !== null) return address;
    context.addIssue({ code: 'custom', message: 'must be an e-mail address, or null' });
    return z.NEVER;
  })
  .nullable();
const ruleSince = 'must be an instant in UTC, such as 2026-01-01T00:00:00Z, or null';
const since = z.iso.datetime(ruleSince).nullable();
const ruleCa = 'must be certificates in PEM, which begin with -----BEGIN CERTIFICATE-----, or null';
const ca = z
  .string(ruleCa)
  .max(20_000, ruleCa)
  .regex(/^-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\s*$/, ruleCa)
  .nullable();

/** The body that creates an integration. */
export const newIntegration = z.strictObject({
  org_id: line(200, 1),
  label: line(200).default(''),
  active: z.boolean('must be true or false').default(true),
  notify_email: notifyEmail.default(null),
  host: serverHost('imap.example.com'),
  port: port.default(PORTS.tls),
  secure: z.boolean('must be true (TLS at once) or false (STARTTLS)').default(true),
  ca: ca.default(null),
  auth: accountAuth,
  folders: folders.default([FIRST_FOLDER]),
  sync_from: since.default(null),
});
export type NewIntegration = z.infer<typeof newIntegration>;

/** The body that changes an integration; absent fields stay. The organisation never changes: its messages bear it. */
export const integrationChange = z.strictObject({
  label: line(200).optional(),
  active: z.boolean('must be true or false').optional(),
  notify_email: notifyEmail.optional(),
  host: serverHost('imap.example.com').optional(),
  port: port.optional(),
  secure: z.boolean('must be true (TLS at once) or false (STARTTLS)').optional(),
  ca: ca.optional(),
  auth: accountAuth.optional(),
  folders: folders.optional(),
  sync_from: since.optional(),
  updated_at: z.string().nullable().optional(),
});
export type IntegrationChange = z.infer<typeof integrationChange>;
