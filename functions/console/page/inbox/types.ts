// What the admin API answers about mailboxes and their mails, as far as the page reads it.

export interface Mailbox {
  id: string;
  org_id?: string;
  label?: string;
  active?: boolean;
  host: string;
  port?: number;
  folders?: string[];
  auth: { method: string; user: string | null; has_credentials: boolean };
  health?: {
    status: string;
    failures?: number;
    next_attempt_at?: string | null;
    last_error?: string | null;
    last_success_at?: string | null;
  };
  /** Of the last round that had anything to do. */
  last_run?: { at: string; announced: number; stored: number; quarantined: number; complete: boolean };
  updated_at: string | null;
}

export interface Folder {
  id: string;
  path: string;
  stored: number;
  failing: { uid: string; attempts: number; reason: string }[];
  outside: number;
  missing: number;
  backfilling: boolean;
  resets: number;
}

export interface MailboxFault {
  kind: string;
  detail: string;
}

export interface TryReport {
  ok: boolean;
  error: MailboxFault | null;
  /** What the server says it can, by the names of IANA's registry of IMAP capabilities. */
  capabilities: string[];
  folders: { path: string; messages: number | null; synchronised: boolean }[];
}

export interface SyncReport {
  success: boolean;
  complete: boolean;
  messages: { new: number; updated: number; removed: number; quarantined: number };
  error: MailboxFault | null;
}

export interface Address {
  name: string;
  address: string;
}

export interface Attachment {
  part: string;
  filename?: string | null;
  mime_type?: string | null;
  size?: number | null;
}

/** A mail without its body. */
export interface Summary {
  id: string;
  integration_id: string;
  thread_id: string;
  folder: string;
  from: Address | null;
  subject: string;
  received_at: string | null;
  snippet: string;
  seen: boolean;
  auto_reply?: boolean;
  removed_at: string | null;
  quarantined: { reason: string; attempts: number } | null;
  attachments: Attachment[];
}

export interface Message extends Summary {
  to: Address[];
  cc: Address[];
  text: string;
  html?: string;
  truncated?: boolean;
  size: number;
}
