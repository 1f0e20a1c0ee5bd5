import type { DocumentSnapshot } from '@google-cloud/firestore';
import { standingClaim } from '../../../doors/mail/claim-documents.ts';
import { resume } from '../../../doors/mail/claims.ts';
import { documentClaims } from '../../../doors/mail/document-claims.ts';
import { html, page } from '../../../doors/mail/html.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import type { Post } from '../../../doors/mail/post.ts';
import { isConflict } from '../../../doors/store/firestore.ts';
import { toLocal } from '../../../doors/time/zoned.ts';
import { followups, settingsRef, toFollowup } from '../followup.ts';
import type { RecordContext } from '../record.ts';
import type { Settings } from '../settings.ts';

/** A run reads at most this many refusals that nobody knows of yet; the next one takes the others. */
const MAX_READ = 500;
/** A notice lists at most this many refusals and counts the others. */
const MAX_LISTED = 20;

interface NoticeWords {
  subject: (count: number) => string;
  intro: string;
  more: (count: number) => string;
  sender: (from: string, response: string) => string;
  senderSubject: string;
}

const WORDS: Readonly<Record<Locale, NoticeWords>> = {
  fr: {
    subject: (count) => `Relances impossibles : ${count}`,
    intro:
      'Le serveur de messagerie a refusé ces relances. Elles attendent que quelqu’un en corrige la cause.',
    more: (count) => `… et ${count} autre(s).`,
    senderSubject: 'Relances arrêtées : expéditeur refusé',
    sender: (from, response) =>
      `Le compte de messagerie n’a pas le droit d’envoyer au nom de ${from}. Vos relances attendent et partiront d’elles-mêmes dès que ce sera corrigé. Réponse du serveur : ${response}`,
  },
  en: {
    subject: (count) => `Reminders not deliverable: ${count}`,
    intro: 'The mail server refused these reminders. They wait until somebody corrects the cause.',
    more: (count) => `… and ${count} more.`,
    senderSubject: 'Reminders stopped: sender refused',
    sender: (from, response) =>
      `The mail account may not send as ${from}. Your reminders wait, and go by themselves once that is corrected. The server said: ${response}`,
  },
};

type NoticeContext = RecordContext & { post: Post };

/** Notifies each owner (notify_email) of what the server refused since the last notice: one mail per organisation and day. */
export async function notifyOwners(
  context: NoticeContext,
  organisations: readonly Settings[],
): Promise<void> {
  const { docs } = await followups(context.store).where('parked.notified', '==', false).limit(MAX_READ).get();
  const byOrg = Map.groupBy(docs, (doc) => String(doc.get('org_id')));
  for (const settings of organisations) {
    const refused = byOrg.get(settings.orgId);
    if (refused && (await sendNotice(context, settings, 'refused', listOf(refused, settings.locale))))
      await markNotified(refused);
  }
}

/** Notifies an owner that the account may not send as the organisation; once a day. */
export async function notifyOfSender(
  context: NoticeContext,
  settings: Settings,
  from: string,
  response: string | null,
): Promise<void> {
  const { senderSubject, sender } = WORDS[settings.locale];
  const content = { subject: senderSubject, lines: [sender(from, response ?? '')] };
  await sendNotice(context, settings, 'sender', content);
}

interface NoticeContent {
  subject: string;
  lines: string[];
}

function listOf(refused: readonly DocumentSnapshot[], locale: Locale): NoticeContent {
  const words = WORDS[locale];
  const listed = refused.slice(0, MAX_LISTED).map((doc) => {
    const { label, customer, parked } = toFollowup(doc);
    return `${label}, ${customer.name ?? ''} ${customer.email ?? ''} : ${parked?.detail ?? ''}`;
  });
  const left = refused.length - listed.length;
  const lines = [words.intro, ...listed, ...(left > 0 ? [words.more(left)] : [])];
  return { subject: words.subject(refused.length), lines };
}

/** Returns true if the notice went; false if today's has gone already, or the mail system took none. */
async function sendNotice(
  { store, post, now }: NoticeContext,
  { orgId, notifyEmail, locale, rules }: Settings,
  kind: 'refused' | 'sender',
  { subject, lines }: NoticeContent,
): Promise<boolean> {
  if (notifyEmail === null) return false;
  const day = new Date(toLocal(now.getTime(), rules.hours.zone)).toISOString().slice(0, 10);
  const ref = settingsRef(store, orgId).collection('notices').doc(`${kind}-${day}`);
  const standing = await ref.get();
  if (resume(standing.exists ? standingClaim(standing) : null, now) !== 'take') return false;
  const documents = [{ ref, standing: standing.exists ? standing : null, fields: { kind } }];
  const mail = {
    key: ref.path,
    to: { address: notifyEmail },
    locale,
    subject,
    text: `${lines.join('\n\n')}\n`,
    html: page(locale, subject, html`${lines.map((line) => html`<p>${line}</p>`)}`, html``),
  };
  const { outcome } = await post.sendOnce(mail, documentClaims({ store, clock: post.clock }, documents));
  return outcome === 'sent' || outcome === 'failed' || outcome === 'unknown';
}

async function markNotified(refused: readonly DocumentSnapshot[]): Promise<void> {
  for (const { ref, updateTime } of refused)
    try {
      await ref.update({ 'parked.notified': true }, updateTime ? { lastUpdateTime: updateTime } : {});
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
}
