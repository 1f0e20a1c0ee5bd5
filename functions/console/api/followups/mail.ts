import * as z from 'zod';
import { readFollowup } from '../../../../shared/domains/followups/change.ts';
import { sendRef } from '../../../../shared/domains/followups/followup.ts';
import { applyClaim, judgeManual } from '../../../../shared/domains/followups/judge.ts';
import { Unmailable } from '../../../../shared/domains/followups/mail/content.ts';
import { followupMail, senderOf } from '../../../../shared/domains/followups/mail/mail.ts';
import { REASONS, type Reason } from '../../../../shared/domains/followups/reasons.ts';
import { claimOf, sendLevel } from '../../../../shared/domains/followups/send.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';
import { type AdminContext, adminRoute } from '../route.ts';
import { changeContext, noSuchFollowup } from './context.ts';
import { explainFollowup } from './explain.ts';
import type { Blocked, FullExplanation, MailPreview, SendReport } from './views.ts';

const ITEM = '/api/followups/{id}';
/** Reasons that may be gone a minute later. */
const UNAVAILABLE: readonly Reason[] = [
  'no_answer',
  'mail_system',
  'mail_stopped',
  'mail_paused',
  'sender_refused',
  'daily_limit',
  'budget',
];
const RETRY_SECONDS = 60;

async function findFollowup(context: AdminContext, id: string | undefined) {
  const followup = await readFollowup(context, id ?? '');
  if (!followup) throw noSuchFollowup(id ?? '');
  return followup;
}

function requireMailConfig({ config }: AdminContext) {
  if (config.mail) return config.mail;
  throw new HttpError(503, REASONS.mail_not_configured.en);
}

/** Composes a level's mail as it would go out now. Throws a 409 that says what a person must fix first. */
async function previewMail(
  context: AdminContext,
  id: string | undefined,
  wanted: number | undefined,
): Promise<MailPreview> {
  const { followup, settings } = await findFollowup(context, id);
  const config = requireMailConfig(context);
  const level = wanted ?? followup.level + 1;
  try {
    const mail = followupMail({ followup, settings, level }, config, context.now.getTime());
    const { envelope, messageId, raw } = await compose(mail, config, context.now);
    const { from, own } = senderOf(settings, config);
    const { to, subject, text, html, locale } = mail;
    return {
      level,
      template: settings.rules.levels[followup.type][level - 1]?.template ?? null,
      from,
      from_is_own: own,
      reply_to: mail.replyTo?.address ?? null,
      to,
      redirected_to: envelope.to === to.address ? null : envelope.to,
      locale,
      subject,
      text,
      html,
      message_id: messageId,
      raw: raw.toString('utf8'),
    };
  } catch (error) {
    if (error instanceof Unmailable) throw toConflict(error.reason, error.message);
    throw error;
  }
}

function toConflict(reason: Reason, detail: string | null): HttpError {
  const message = REASONS[reason];
  // The detail may quote a customer's address, which no log keeps.
  return new HttpError(409, detail || message.en, {
    details: { reason, message } satisfies Blocked,
    check: `follow-up: ${reason}`,
  });
}

/** Sends the next level at once, by the same claim as a run. */
async function sendNow(context: AdminContext, id: string | undefined): Promise<SendReport> {
  const { followup, settings } = await findFollowup(context, id);
  requireMailConfig(context);
  const { post } = context;
  const send = await sendRef(followup, followup.level + 1).get();
  const verdict = applyClaim(
    judgeManual(followup, settings, context.now.getTime()),
    claimOf(send, context.now),
  );
  if (verdict.do !== 'send' || !post)
    throw toConflict(verdict.reason, verdict.do === 'park' ? verdict.detail : null);
  const attempt = await sendLevel({ ...changeContext(context), post }, { followup, settings, send });
  if (attempt.reason === 'changed_meanwhile') throw toConflict(attempt.reason, null);
  if (UNAVAILABLE.includes(attempt.reason))
    throw new HttpError(503, `${REASONS[attempt.reason].en} ${attempt.response ?? ''}`.trim(), {
      details: { reason: attempt.reason, response: attempt.response },
      headers: { 'Retry-After': String(RETRY_SECONDS) },
    });
  return {
    sent: attempt.reason === 'sent',
    level: verdict.level,
    reason: attempt.reason,
    message: REASONS[attempt.reason],
    message_id: attempt.messageId,
    response: attempt.response,
  };
}

/** Routes for the mail of a follow-up: the exact preview, sending by hand, and the explanation. */
export const followupMailRoutes = [
  adminRoute({
    method: 'GET',
    path: `${ITEM}/preview`,
    query: z.strictObject({ level: z.coerce.number().int().min(1).max(10).optional() }),
    handle: ({ context, path, query }) => previewMail(context, path['id'], query.level),
  }),
  adminRoute({
    method: 'POST',
    path: `${ITEM}/send`,
    body: z.strictObject({}),
    handle: ({ context, path }) => sendNow(context, path['id']),
  }),
  adminRoute({
    method: 'GET',
    path: `${ITEM}/explain`,
    query: z.strictObject({}),
    async handle({ context, path }): Promise<FullExplanation> {
      const explained = await explainFollowup(context, path['id'] ?? '');
      if (!explained) throw noSuchFollowup(path['id'] ?? '');
      return explained.explanation;
    },
  }),
];
