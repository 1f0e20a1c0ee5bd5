import type { Firestore } from '@google-cloud/firestore';
import { mailAccounts } from '../../doors/mail/accounts.ts';
import { standingClaim } from '../../doors/mail/claim-documents.ts';
import { resume } from '../../doors/mail/claims.ts';
import { documentClaims } from '../../doors/mail/document-claims.ts';
import { REMEDIES } from '../../doors/mail/faults/remedies.ts';
import { html, page } from '../../doors/mail/html.ts';
import type { Locale } from '../../doors/mail/message.ts';
import type { Delivery } from '../../doors/mail/outcome.ts';
import type { Post } from '../../doors/mail/post.ts';
import type { MailAccount } from './account.ts';

const WORDS: Readonly<
  Record<Locale, { subject: (user: string) => string; body: (user: string) => string; said: string }>
> = {
  fr: {
    subject: (user) => `Compte d’envoi ${user} : envoi impossible`,
    body: (user) =>
      `Le compte d’envoi ${user} ne peut plus envoyer. Vos relances attendent et partiront d’elles-mêmes dès que ce sera corrigé.`,
    said: 'Réponse reçue :',
  },
  en: {
    subject: (user) => `Mail account ${user} cannot send`,
    body: (user) =>
      `The mail account ${user} can no longer send. Your reminders wait, and go by themselves once that is corrected.`,
    said: 'The answer was:',
  },
};

interface AccountNotice {
  account: MailAccount;
  /** The delivery that stopped the account's mail. */
  stopped: Delivery;
  /** The instant since when it fails (milliseconds). */
  since: number;
  owner: { email: string; locale: Locale };
}

/**
 * Notifies an owner once that the account cannot send, with the cause and its remedy. The mail goes by another account
 * (`post`). The claim bears the fault and the instant since when it lasts, so that each lasting fault is one mail.
 */
export async function notifyOfAccount(
  { store, post, now }: { store: Firestore; post: Post; now: Date },
  { account, stopped, since, owner }: AccountNotice,
): Promise<void> {
  const { fault, response } = stopped;
  if (!fault) return;
  const ref = mailAccounts(store).doc(account.id).collection('notices').doc(`${fault.kind}@${since}`);
  const standing = await ref.get();
  if (resume(standing.exists ? standingClaim(standing) : null, now) !== 'take') return;
  const { email, locale } = owner;
  const words = WORDS[locale];
  const { user } = account.credentials;
  const remedy = REMEDIES[fault.kind][locale];
  const lines = [
    words.body(user),
    `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
    `${words.said} ${response ?? '-'}`,
  ];
  const subject = words.subject(user);
  const mail = {
    key: ref.path,
    to: { address: email },
    locale,
    subject,
    text: `${lines.join('\n\n')}\n`,
    html: page(locale, subject, html`${lines.map((line) => html`<p>${line}</p>`)}`, html``),
  };
  const document = { ref, standing: standing.exists ? standing : null, fields: { kind: fault.kind } };
  await post.sendOnce(mail, documentClaims({ store, clock: post.clock }, [document]));
}
