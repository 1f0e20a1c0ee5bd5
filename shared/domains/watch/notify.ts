import { createHash } from 'node:crypto';
import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { standingClaim } from '../../doors/mail/claim-documents.ts';
import { type Claims, resume } from '../../doors/mail/claims.ts';
import { documentClaims } from '../../doors/mail/document-claims.ts';
import type { Locale } from '../../doors/mail/message.ts';
import { settleOrphans } from '../../doors/mail/orphans.ts';
import type { Post } from '../../doors/mail/post.ts';
import type { IncidentEvent } from './concern.ts';
import { type Incident, incidents } from './incident.ts';
import { noticeMail } from './mails/mails.ts';
import { postWebhook, webhookBody } from './webhook.ts';

/** The receivers of notices, and their language. */
export interface NoticeAudience {
  operators: readonly string[];
  webhook: string | null;
  locale: Locale;
}

export interface NotifyContext {
  store: Firestore;
  post: Post | undefined;
  now: Date;
  /** The local cloud, where a webhook may be on loopback. */
  local: boolean;
}

/** The reasons why nobody could be reached for now. */
export type NotifyFailure =
  | 'mail_not_configured'
  | 'webhook'
  | `mail_${'paused' | 'retry' | 'stopped' | 'system'}`;

/**
 * The result of notifying. `done`: everyone who can be reached was; `to` lists those whose mail or webhook was accepted.
 * `waits`: another run of watch-runs is at work on it. `failed`: not now; `reason` says why.
 */
export type NotifyResult =
  | { outcome: 'done'; to: string[]; unreached: string[] }
  | { outcome: 'waits' }
  | { outcome: 'failed'; reason: NotifyFailure };

/** A server that defers a mail (greylisting) takes it within the hour; after that the others' mails are enough. */
const DEFERRED_MS = 3_600_000;

type Step = 'sent' | 'settled' | 'waits' | { failed: NotifyFailure };

/** One notice to one receiver, and its document as it is stored. */
interface ReceiverNotice {
  incident: Incident;
  event: IncidentEvent;
  snapshot: DocumentSnapshot;
}

/**
 * Notifies every receiver of one event of an incident once, even if other runs do the same: each notice has its own claim
 * below the incident. A failing webhook delays no mail; it is retried only if there is no operator.
 */
export async function notify(
  context: NotifyContext,
  incident: Incident,
  event: IncidentEvent,
  audience: NoticeAudience,
): Promise<NotifyResult> {
  const steps: [string, Step][] = [];
  for (const [index, snapshot] of (await readNotices(context, incident, event, audience)).entries()) {
    const operator = audience.operators[index];
    const notice = { incident, event, snapshot };
    const step = operator
      ? await mailOperator(context, notice, operator, audience.locale)
      : await callWebhook(context, notice, audience);
    steps.push([operator ?? 'webhook', step]);
  }
  return summarise(steps, event === 'recovered' || isOld(incident, context.now));
}

/** Reads the stored notices: the operators' in order, then the webhook's. */
async function readNotices(
  { store }: NotifyContext,
  { id }: Incident,
  event: IncidentEvent,
  { operators, webhook }: NoticeAudience,
): Promise<DocumentSnapshot[]> {
  const notices = incidents(store).doc(id).collection('notices');
  const names = [...operators.map(digest), ...(webhook ? ['webhook'] : [])];
  if (names.length === 0) return [];
  return store.getAll(...names.map((name): DocumentReference => notices.doc(`${event}-${name}`)));
}

/** An address as part of an id. */
const digest = (address: string) => createHash('sha256').update(address).digest('hex').slice(0, 20);

async function mailOperator(
  context: NotifyContext,
  { incident, event, snapshot }: ReceiverNotice,
  operator: string,
  locale: Locale,
): Promise<Step> {
  const { post, now } = context;
  if (!post) return { failed: 'mail_not_configured' };
  const claims = await claimNotice(context, snapshot, { recipient: operator, event });
  if (typeof claims === 'string') return claims;
  const mail = {
    key: `watch/${incident.id}/${event}/${operator}`,
    to: { address: operator },
    locale,
    ...noticeMail(incident, event, locale, now),
  };
  const result = await post.sendOnce(mail, claims);
  if (result.outcome === 'sent') return 'sent';
  if (result.outcome === 'taken') return 'waits';
  if (result.outcome === 'failed' || result.outcome === 'unknown') return 'settled';
  return { failed: `mail_${result.outcome}` };
}

async function callWebhook(
  context: NotifyContext,
  { incident, event, snapshot }: ReceiverNotice,
  { webhook, operators, locale }: NoticeAudience,
): Promise<Step> {
  const claims = await claimNotice(context, snapshot, { recipient: 'webhook', event });
  if (typeof claims === 'string') return claims;
  if (!(await claims.take(snapshot.id))) return 'waits';
  const { subject } = noticeMail(incident, event, locale, context.now);
  const body = webhookBody(incident, event, subject, context.now);
  const { ok, response } = await postWebhook(webhook ?? '', body, context.local);
  if (!ok && operators.length === 0) {
    await claims.release();
    return { failed: 'webhook' };
  }
  await claims.settle({ state: ok ? 'sent' : 'failed', response, settledAt: context.now });
  return ok ? 'sent' : 'settled';
}

/** Returns a claim on a notice, or the step that it has reached already. */
async function claimNotice(
  { store, now }: NotifyContext,
  notice: DocumentSnapshot,
  fields: Record<string, unknown>,
): Promise<Claims | Exclude<Step, object>> {
  const claimContext = { store, clock: () => now };
  const next = resume(notice.exists ? standingClaim(notice) : null, now);
  if (next === 'wait') return 'waits';
  if (next === 'done') return notice.get('state') === 'sent' ? 'sent' : 'settled';
  if (next === 'unknown') {
    const settled = await settleOrphans(claimContext, [notice]);
    // The other run lives: it has sent or released the notice since.
    return settled === 1 ? 'settled' : 'waits';
  }
  return documentClaims(claimContext, [{ ref: notice.ref, standing: notice.exists ? notice : null, fields }]);
}

const isOld = ({ openedAt, lastNotifiedAt }: Incident, now: Date): boolean =>
  now.getTime() - (lastNotifiedAt ?? openedAt).getTime() > DEFERRED_MS;

/** Sums up the steps. If `enough`, receivers that are deferred again do not count once another was reached. */
function summarise(steps: readonly [string, Step][], enough: boolean): NotifyResult {
  const those = (wanted: Step) => steps.filter(([, step]) => step === wanted).map(([name]) => name);
  const to = those('sent');
  const failed = steps.flatMap(([name, step]) => (typeof step === 'object' ? [{ name, ...step }] : []));
  const deferred = failed.filter((each) => each.failed === 'mail_retry');
  const leaveOut = enough && to.length > 0 && deferred.length === failed.length;
  if (failed[0] && !leaveOut) return { outcome: 'failed', reason: failed[0].failed };
  if (those('waits').length > 0) return { outcome: 'waits' };
  return { outcome: 'done', to, unreached: [...those('settled'), ...failed.map(({ name }) => name)] };
}
