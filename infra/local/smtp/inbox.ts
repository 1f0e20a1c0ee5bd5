import PostalMime, { type Address } from 'postal-mime';

/** A received mail in the inbox. */
export interface InboxMail {
  /** The From header, `Name <address>`. */
  from: string;
  /** The addresses of the envelope: the real recipients, independent of the header. */
  to: string[];
  subject: string;
  text: string;
  html: string;
  message_id: string;
  /** By lower-case name; repeated headers are joined by commas. */
  headers: Record<string, string>;
  received_at: string;
}

/** Parses a received mail. */
export async function toInboxMail(raw: Buffer, to: string[], receivedAt: Date): Promise<InboxMail> {
  const mail = await PostalMime.parse(raw);
  const headers = new Map<string, string>();
  for (const { key, value } of mail.headers) {
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return {
    from: shown(mail.from),
    to,
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    message_id: mail.messageId ?? '',
    headers: Object.fromEntries(headers),
    received_at: receivedAt.toISOString(),
  };
}

function shown(from: Address | undefined): string {
  if (!from?.address) return '';
  return from.name ? `${from.name} <${from.address}>` : from.address;
}
