import { keepIn, signIn } from '../../../../shared/domains/inbox/credentials/sign-in.ts';
import { attachmentOf, openAttachment } from '../../../../shared/domains/inbox/imap/attachment.ts';
import { MailboxError } from '../../../../shared/domains/inbox/imap/connection.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Content } from '../../../../shared/doors/http/router.ts';
import type { AdminContext } from '../route.ts';
import { findIntegration } from './find-integration.ts';

/** Streams an attachment from the mail server. It is never shown in the console's own origin. */
export async function download(context: AdminContext, messageId: string, part: string): Promise<Content> {
  const { store } = context;
  const message = await store.collection('inbox_messages').doc(messageId).get();
  const attachment = message.exists ? attachmentOf(message, part) : null;
  if (!attachment)
    throw new HttpError(
      404,
      `The message ${JSON.stringify(messageId)} has no attachment ${JSON.stringify(part)}.`,
    );
  const integration = await findIntegration(context, String(message.get('integration_id')));
  const opened = await signIn(integration, context, keepIn(context))
    .then((connection) => openAttachment(connection, message, attachment))
    .catch((error: unknown) => {
      if (!(error instanceof MailboxError)) throw error;
      throw new HttpError(503, `The mail server does not give it now: ${error.failure.detail}`);
    });
  if (!opened) throw new HttpError(404, 'The message is no longer on the mail server.');
  const name = encodeURIComponent(attachment.filename ?? `part-${part}`).replace(/['()*]/g, escaped);
  const headers = {
    'Cache-Control': 'no-store',
    // A browser must save it, never show it in this origin, whatever type the sender gives it.
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${name}`,
  };
  return new Content(200, headers, opened.content);
}

const escaped = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
