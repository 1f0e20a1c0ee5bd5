import type { DocumentSnapshot } from '@google-cloud/firestore';
import { settingsRef } from '../../shared/domains/followups/followup.ts';
import { type Settings, toSettings } from '../../shared/domains/followups/settings.ts';
import { listedAnswer, markReported, unreportedAnswers } from '../../shared/domains/inbox/mailbox/answers.ts';
import { standingClaim } from '../../shared/doors/mail/claim-documents.ts';
import { resume } from '../../shared/doors/mail/claims.ts';
import { documentClaims } from '../../shared/doors/mail/document-claims.ts';
import { html, page } from '../../shared/doors/mail/html.ts';
import type { Locale } from '../../shared/doors/mail/message.ts';
import type { Post } from '../../shared/doors/mail/post.ts';
import { toLocal } from '../../shared/doors/time/zoned.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

type ReportContext = Pick<RunContext, 'store' | 'clock' | 'now' | 'post'>;

const MAX_NAMED = 30;

const WORDS: Record<
  Locale,
  { subject: (count: number) => string; body: string; more: (count: number) => string }
> = {
  fr: {
    subject: (count) => (count === 1 ? 'Une réponse à lire' : `${count} réponses à lire`),
    body: 'Ces messages ont arrêté ou reporté des relances. Ouvrez « Réponses à lire » dans la console et dites pour chacun si c’est une réponse ; sinon, les relances reprennent.',
    more: (count) => `et ${count} de plus`,
  },
  en: {
    subject: (count) => (count === 1 ? 'One answer to read' : `${count} answers to read`),
    body: 'These messages have stopped or postponed reminders. Open "Answers to read" in the console and decide for each if it is an answer; if not, the reminders go on.',
    more: (count) => `and ${count} more`,
  },
};

/**
 * Notifies each organisation (notify_email) of the answers to read, at most once a day of its time zone. The claim bears
 * the day: however many syncs run, it is one mail, and later answers wait for the next day.
 */
export async function reportAnswers(context: ReportContext): Promise<void> {
  const { store, post } = context;
  if (!post) return;
  const answers = await unreportedAnswers(store);
  for (const [orgId, some] of Map.groupBy(answers, (answer) => String(answer.get('org_id')))) {
    const settings = toSettings(await settingsRef(store, orgId).get());
    if (settings.notifyEmail === null || (await notify(context, post, settings, { orgId, answers: some })))
      await markReported(store, some);
  }
}

/** Returns true if the notice of the day names these answers. */
async function notify(
  { store, clock, now }: ReportContext,
  post: Post,
  { notifyEmail, locale, rules }: Settings,
  { orgId, answers }: { orgId: string; answers: readonly DocumentSnapshot[] },
): Promise<boolean> {
  if (notifyEmail === null) return false;
  const day = new Date(toLocal(now.getTime(), rules.hours.zone)).toISOString().slice(0, 10);
  const ref = settingsRef(store, orgId).collection('notices').doc(`answers@${day}`);
  const standing = await ref.get();
  if (resume(standing.exists ? standingClaim(standing) : null, now) !== 'take') return false;
  const claims = documentClaims({ store, clock }, [
    { ref, standing: standing.exists ? standing : null, fields: {} },
  ]);
  const words = WORDS[locale];
  const [subject, lines] = [words.subject(answers.length), linesOf(answers, locale)];
  const result = await post.sendOnce(
    {
      ...{ key: ref.path, to: { address: notifyEmail }, locale, subject },
      text: `${[words.body, lines.join('\n')].join('\n\n')}\n`,
      html: page(
        locale,
        subject,
        html`<p>${words.body}</p>${lines.map((line) => html`<p>${line}</p>`)}`,
        html``,
      ),
    },
    claims,
  );
  return result.outcome === 'sent' || result.outcome === 'unknown';
}

function linesOf(answers: readonly DocumentSnapshot[], locale: Locale): string[] {
  const lines = answers.slice(0, MAX_NAMED).map((answer) => {
    const followups = listedAnswer(answer)?.followupIds.join(', ') ?? '';
    return `${answer.get('from.address') ?? '?'} : ${answer.get('subject') ?? ''} (${followups})`;
  });
  const more = answers.length - lines.length;
  return more > 0 ? [...lines, WORDS[locale].more(more)] : lines;
}
