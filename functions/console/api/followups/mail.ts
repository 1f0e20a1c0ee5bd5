import * as z from 'zod';
import { readFollowup } from '../../../../shared/domains/followups/change.ts';
import { readCustomers } from '../../../../shared/domains/followups/customers/customer.ts';
import { type Followup, sendRef } from '../../../../shared/domains/followups/followup.ts';
import { applyClaim, confirmationReason, judgeManual } from '../../../../shared/domains/followups/judge.ts';
import { Unmailable } from '../../../../shared/domains/followups/mail/content.ts';
import { followupMail, senderOf } from '../../../../shared/domains/followups/mail/mail.ts';
import { REASONS, type Reason } from '../../../../shared/domains/followups/reasons.ts';
import { claimOf, sendLevel } from '../../../../shared/domains/followups/send.ts';
import type { Settings } from '../../../../shared/domains/followups/settings.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import type { HttpRequest } from '../../../../shared/doors/http/request.ts';
import { requireVersion } from '../../../../shared/doors/http/version.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';
import { versionOf } from '../../../../shared/doors/store/version.ts';
import { type OrganisationPost, senderFor } from '../../../organisation-mail.ts';
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
  const found = await readFollowup(context, id ?? '');
  if (!found) throw noSuchFollowup(id ?? '');
  const [followup = found.followup] = await readCustomers(context.store, [found.followup]);
  return { ...found, followup };
}

/** Returns the account that sends an organisation's mail. Throws a 503 if there is no mail server. */
async function requireSender(context: AdminContext, settings: Settings): Promise<OrganisationPost> {
  const sender = await senderFor(context, settings);
  if (sender) return sender;
  throw new HttpError(503, REASONS.mail_not_configured.en);
}

/** Composes a level's mail as it would go out now. Throws a 409 that says what a person must fix first. */
async function previewMail(
  context: AdminContext,
  id: string | undefined,
  wanted: number | undefined,
): Promise<MailPreview> {
  const { followup, settings } = await findFollowup(context, id);
  const { config } = (await requireSender(context, settings)).post;
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

const sendBody = z.strictObject({
  /** The number of the mail to send: 1 for the first, as in the preview. */
  level: z.int('must be the number of the next mail, as in the preview').min(1, 'must be at least 1'),
  confirm: z.boolean('must be true or false').default(false),
  updated_at: z.string().nullable().optional(),
});

/** Throws a 409 unless this is the next mail: a request that arrives twice must not send the one after it. */
function requireNext({ level: sent }: Followup, level: number): void {
  if (level === sent + 1) return;
  const isSent = level <= sent;
  const sentence = isSent ? `Level ${level} has been sent` : `Level ${level} comes later`;
  throw new HttpError(409, `${sentence}; the next one is level ${sent + 1}.`, {
    details: {
      level: sent + 1,
      ...(isSent ? { reason: 'already_sent', message: REASONS.already_sent } : {}),
    },
  });
}

/** Sends the next level at once, by the same claim as a run. */
async function sendNow(
  context: AdminContext,
  id: string | undefined,
  body: z.infer<typeof sendBody>,
  request: HttpRequest,
): Promise<SendReport> {
  const { snapshot, followup, settings } = await findFollowup(context, id);
  const { post, waiting } = await requireSender(context, settings);
  requireVersion(request, body.updated_at, versionOf(snapshot));
  const send = await sendRef(followup, followup.level + 1).get();
  const verdict = applyClaim(
    judgeManual(followup, settings, context.now.getTime()),
    claimOf(send, context.now),
  );
  if (waiting === 'account_missing') throw toConflict(waiting, null);
  if (verdict.do !== 'send') throw toConflict(verdict.reason, verdict.do === 'park' ? verdict.detail : null);
  requireNext(followup, body.level);
  const doubt = body.confirm ? null : confirmationReason(followup, settings, context.now.getTime());
  if (doubt)
    throw new HttpError(409, `${REASONS[doubt].en} Give confirm: true to send it all the same.`, {
      details: { reason: doubt, message: REASONS[doubt], confirmable: true } satisfies Blocked,
    });
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
    body: sendBody,
    handle: ({ context, path, body, request }) => sendNow(context, path['id'], body, request),
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
