import * as z from 'zod';
import { readFollowup } from '../../../../shared/domains/followups/change.ts';
import { sendRef } from '../../../../shared/domains/followups/followup.ts';
import { judgeManual, withClaim } from '../../../../shared/domains/followups/judge.ts';
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
/** Reasons after which another try a moment later may succeed. */
const UNAVAILABLE: readonly Reason[] = ['no_answer', 'mail_system', 'mail_stopped', 'mail_paused', 'budget'];
const RETRY_SECONDS = 60;

async function found(context: AdminContext, id: string | undefined) {
  const followup = await readFollowup(context, id ?? '');
  if (!followup) throw noSuchFollowup(id ?? '');
  return followup;
}

function mailConfig({ config }: AdminContext) {
  if (config.mail) return config.mail;
  throw new HttpError(503, REASONS.mail_not_configured.en);
}

/** The mail of a level as it would go out now; 409 says what has to be mended first. */
async function preview(
  context: AdminContext,
  id: string | undefined,
  wanted: number | undefined,
): Promise<MailPreview> {
  const { followup, settings } = await found(context, id);
  const config = mailConfig(context);
  const level = wanted ?? followup.level + 1;
  try {
    const mail = followupMail(followup, settings, level, config, context.now.getTime());
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
    if (error instanceof Unmailable) throw blocked(error.reason, error.message);
    throw error;
  }
}

function blocked(reason: Reason, detail: string | null): HttpError {
  const message = REASONS[reason];
  return new HttpError(409, detail || message.en, { details: { reason, message } satisfies Blocked });
}

/** Sends the next level at once, through the same claim as a run. */
async function sendNow(context: AdminContext, id: string | undefined): Promise<SendReport> {
  const { followup, settings } = await found(context, id);
  mailConfig(context);
  const { post } = context;
  const send = await sendRef(followup, followup.level + 1).get();
  const verdict = withClaim(
    judgeManual(followup, settings, context.now.getTime()),
    claimOf(send, context.now),
  );
  if (verdict.do !== 'send' || !post)
    throw blocked(verdict.reason, verdict.do === 'park' ? verdict.detail : null);
  const attempt = await sendLevel({ ...changeContext(context), post }, { followup, settings, send });
  if (attempt.reason === 'changed_meanwhile') throw blocked(attempt.reason, null);
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

/** What mails a follow-up: the exact preview, sending by hand, and why it goes by itself or does not. */
export const followupMailRoutes = [
  adminRoute({
    method: 'GET',
    path: `${ITEM}/preview`,
    query: z.strictObject({ level: z.coerce.number().int().min(1).max(10).optional() }),
    handle: ({ context, path, query }) => preview(context, path['id'], query.level),
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
