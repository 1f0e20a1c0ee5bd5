import { stopped } from '../../../../shared/domains/followups/actions.ts';
import { changeFollowup, readFollowup } from '../../../../shared/domains/followups/change.ts';
import { optOutId } from '../../../../shared/domains/followups/opt-out.ts';
import { answerWithin } from '../../../../shared/doors/http/deadline.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { Content, type OpenRoute } from '../../../../shared/doors/http/router.ts';
import { html, page } from '../../../../shared/doors/mail/html.ts';
import type { Locale } from '../../../../shared/doors/mail/message.ts';
import type { Deps } from '../../../../shared/runtime/task.ts';

/** The longest wait for a person who clicked. */
const ANSWER_MS = 10_000;

const WORDS: Record<Locale, { ask: string; button: string; done: string; title: string; contact: string }> = {
  fr: {
    title: 'Rappels automatiques',
    ask: 'Voulez-vous ne plus recevoir de rappel automatique au sujet de',
    button: 'Ne plus recevoir de rappel',
    done: 'C’est noté : vous ne recevrez plus de rappel automatique au sujet de',
    contact: 'Pour toute question, répondez à l’un des messages reçus.',
  },
  en: {
    title: 'Automatic reminders',
    ask: 'Would you like to get no more automatic reminders about',
    button: 'No more reminders',
    done: 'Done: you will get no more automatic reminders about',
    contact: 'Should you have any question, reply to one of the messages.',
  },
};

/**
 * The opt-out link of a mail, without sign-in: its signature is the proof.
 * - GET only shows a button, because programs that check links follow it too.
 * - POST ends the reminders in one step, as mail programs do (RFC 8058).
 */
export const optOutRoutes = (['GET', 'HEAD', 'POST'] as const).map(
  (method): OpenRoute<Deps> => ({
    method,
    path: '/o/{signed=**}',
    callers: 'anyone',
    handle: answerOptOut,
  }),
);

type OptOutCall = Parameters<OpenRoute<Deps>['handle']>[0];

async function answerOptOut({ deps, now, path, request }: OptOutCall): Promise<Content> {
  const { key, previousKey } = deps.config.mail ?? {};
  const id = optOutId(path.signed ?? '', [key, previousKey]);
  if (id === null) throw unknownLink();
  const context = { store: deps.store, now, decider: { runId: null, by: 'customer' } };
  const found = await answerWithin(ANSWER_MS, readFollowup(context, id));
  if (!found) throw unknownLink();
  const { customer, label } = found.followup;
  const locale: Locale = (customer.locale ?? found.settings.locale).toLowerCase().startsWith('en')
    ? 'en'
    : 'fr';
  const post = request.method === 'POST';
  if (post) {
    const stop = changeFollowup(context, id, ({ followup }) => stopped(followup, 'opted_out', null));
    await answerWithin(ANSWER_MS, stop);
    deps.log.info({ followup_id: id }, 'opted out');
  }
  const words = WORDS[locale];
  const isDone = post || found.followup.stopReason === 'opted_out';
  const content = isDone
    ? html`<p>${words.done} <bdi>${label}</bdi>.</p>`
    : html`<p>${words.ask} <bdi>${label}</bdi>${locale === 'fr' ? ' ' : ''}?</p><form method="post"><button>${words.button}</button></form>`;
  return new Content(200, HEADERS, page(locale, words.title, content, html`${words.contact}`));
}

function unknownLink(): HttpError {
  return new HttpError(404, 'This link is not valid. Ce lien n’est pas valable.', {
    check: 'opt-out: the signature or id is wrong',
  });
}

/** The page contains its style. It may load and run nothing else, and no other page may frame it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
};
