import { documentClaims } from '../../../doors/mail/document-claims.ts';
import { html, page } from '../../../doors/mail/html.ts';
import type { Locale, Mail } from '../../../doors/mail/message.ts';
import type { Followup } from '../followup.ts';
import type { Prepared, SendContext } from '../send.ts';

interface NoticeWords {
  subject: (followup: Followup) => string;
  body: (followup: Followup) => string;
  answer: (response: string) => string;
}

const WORDS: Readonly<Record<Locale, NoticeWords>> = {
  fr: {
    subject: ({ label }) => `Relance impossible : ${label}`,
    body: ({ label, customer }) =>
      `La relance de ${label} (${customer.name ?? ''} ${customer.email ?? ''}) n’a pas pu être remise : l’adresse est refusée. Les relances de ce document sont suspendues jusqu’à ce que l’adresse soit corrigée.`,
    answer: (response) => `Réponse du serveur : ${response}`,
  },
  en: {
    subject: ({ label }) => `Reminder not deliverable: ${label}`,
    body: ({ label, customer }) =>
      `The reminder about ${label} (${customer.name ?? ''} ${customer.email ?? ''}) could not be delivered: the address is refused. Reminders about this document wait until the address is corrected.`,
    answer: (response) => `The server said: ${response}`,
  },
};

/**
 * Notifies the organisation's owner (notify_email) that the server refuses a customer's address. Each follow-up, level
 * and address gets one notice; the follow-up does not depend on its delivery.
 */
export async function notifyOwner(
  { store, post }: SendContext,
  { followup, settings }: Pick<Prepared, 'followup' | 'settings'>,
  response: string | null,
): Promise<void> {
  if (settings.notifyEmail === null) return;
  const ref = followup.ref
    .collection('notices')
    .doc(`refused-${followup.level + 1}-${followup.customer.email ?? ''}`);
  const standing = await ref.get();
  if (standing.exists) return;
  const claims = documentClaims({ store, clock: post.clock }, [{ ref, standing: null, fields: {} }]);
  const owner = { email: settings.notifyEmail, locale: settings.locale };
  await post.sendOnce(composeNotice(followup, owner, response, ref.path), claims);
}

function composeNotice(
  followup: Followup,
  { email, locale }: { email: string; locale: Locale },
  response: string | null,
  key: string,
): Mail {
  const words = WORDS[locale];
  const [subject, body] = [words.subject(followup), words.body(followup)];
  const answer = response === null ? '' : words.answer(response);
  const content = html`<p>${body}</p>${answer ? html`<p class="quiet">${answer}</p>` : html``}`;
  return {
    key,
    to: { address: email },
    locale,
    subject,
    text: `${[body, answer].filter(Boolean).join('\n\n')}\n`,
    html: page(locale, subject, content, html``),
  };
}
