import { MAX_PORT, PORTS } from '../../../../shared/domains/inbox/limits.ts';
import { looksLikeEmail } from '../base/email.ts';
import { wholeIn } from '../base/numbers.ts';

export type Security = keyof typeof PORTS;

/** A mailbox as it is typed. */
export interface MailboxForm {
  organisation: string;
  label: string;
  host: string;
  security: Security;
  port: string;
  user: string;
  password: string;
  notify: string;
}

/** The form while it is typed: until an organisation is, the only one there is holds. */
export type TypedMailbox = Omit<MailboxForm, 'organisation'> & { organisation: string | null };

export const emptyMailbox = (): TypedMailbox => ({
  organisation: null,
  label: '',
  host: '',
  security: 'tls',
  port: String(PORTS.tls),
  user: '',
  password: '',
  notify: '',
});

/** Returns the faults of the form by field. The server judges the rest. */
export function mailboxFaults(form: MailboxForm) {
  return {
    organisation: form.organisation.trim() === '',
    host: !/^[\w.:-]+$/.test(form.host.trim()),
    port: wholeIn(form.port, 1, MAX_PORT) === null,
    user: form.user.trim() === '',
    password: form.password === '',
    notify: form.notify.trim() !== '' && !looksLikeEmail(form.notify),
  };
}

/** Another security brings its own port, unless one was typed that is neither's. */
export function securityOf(
  { port }: MailboxForm,
  security: Security,
): Pick<MailboxForm, 'security' | 'port'> {
  const usual = Object.values(PORTS).some((one) => String(one) === port.trim());
  return { security, port: usual ? String(PORTS[security]) : port };
}

/** The mailbox as the API takes it. */
export function mailboxOf(form: MailboxForm, folders: readonly string[]) {
  return {
    org_id: form.organisation.trim(),
    label: form.label.trim(),
    host: form.host.trim(),
    port: Number(form.port),
    secure: form.security === 'tls',
    auth: { method: 'password', user: form.user.trim(), password: form.password },
    notify_email: form.notify.trim() || null,
    folders,
  };
}
