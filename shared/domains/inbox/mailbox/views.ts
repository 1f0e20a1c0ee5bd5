import type { Status } from '../../../doors/account/health.ts';
import type { Integration } from '../integration.ts';
import type { FolderGap } from '../mailbox-health.ts';
import type { Address } from '../message/message.ts';
import type { Attachment } from '../message/structure.ts';
import type { Tally } from '../sync/mailbox-sync.ts';
import type { AnswerState } from './answers.ts';

/** An integration as it is shown: without its credentials, sealed or not. */
export interface IntegrationView {
  id: string;
  org_id?: string;
  label?: string;
  active?: boolean;
  notify_email?: string | null;
  host: string;
  port?: number;
  secure?: boolean;
  folders?: string[];
  auth: {
    method: Integration['method'];
    user: string | null;
    secret_ref?: string;
    has_credentials: boolean;
  };
  health?: {
    status: Status;
    failures?: number;
    next_attempt_at?: string | null;
    last_error?: string | null;
    last_success_at?: string | null;
    /** Folders that the server counts otherwise than the store; `exists` is null for a folder that is not there. */
    incomplete?: FolderGap[];
  };
  /** The last run that had anything to do. */
  last_run?: { at: string } & Tally;
  updated_at: string | null;
}

/** A mail without its body. */
export interface MessageSummary {
  id: string;
  integration_id: string;
  thread_id: string;
  folder: string;
  from: Address | null;
  subject: string;
  received_at: string;
  snippet: string;
  seen: boolean;
  auto_reply?: boolean;
  removed_at: string | null;
  quarantined: { reason: string; attempts: number } | null;
  /** Present if it had an effect on follow-ups; `state` is a person's word on it. */
  answer?: { state: AnswerState; kind: string; followup_ids: string[]; at: string };
  attachments: Attachment[];
  /** The server names a text and does not give it; it is asked again. */
  text_missing?: boolean;
}

/** A mail of a list, without its body. */
export interface MessageLine extends MessageSummary {
  to: Address[];
  cc: Address[];
  truncated?: boolean;
  size: number;
  updated_at: string | null;
}

/** A mail with all that is stored of it. */
export interface MessageView extends MessageLine {
  text: string;
  html?: string;
}
