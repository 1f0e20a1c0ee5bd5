import type { Status } from '../../doors/account/health.ts';
import type { shownAuth } from '../../doors/account/input.ts';
import type { Security } from './account.ts';

/** A mail account as it is shown: without its credentials, sealed or not. */
export interface MailAccountView {
  id: string;
  /** Null for the account of EMAIL_*. */
  org_id: string | null;
  label: string;
  host: string;
  port: number;
  security: Security;
  auth: ReturnType<typeof shownAuth>;
  address: string;
  from_domains: string[];
  max_connections: number;
  per_minute: number | null;
  health?: {
    status: Status;
    failures: number;
    next_attempt_at: string | null;
    last_error: string | null;
    last_success_at: string | null;
  };
  /** Nothing is sent before this instant: the provider's daily limit was reached. */
  held_until: string | null;
  updated_at: string | null;
}
