import { createHash } from 'node:crypto';
import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { type Claims, resume } from '../../doors/mail/claims.ts';
import { documentClaims, standingClaim } from '../../doors/mail/document-claims.ts';
import type { Locale } from '../../doors/mail/message.ts';
import { settleOrphans } from '../../doors/mail/orphans.ts';
import type { Post } from '../../doors/mail/post.ts';
import type { Event } from './concern.ts';
import { type Incident, incidents } from './incident.ts';
import { noticeMail } from './mails/mails.ts';
import { postWebhook, webhookBody } from './webhook.ts';

/** Who is told, and in which language. */
export interface Audience {
  operators: readonly string[];
  webhook: string | null;
  locale: Locale;
}

export interface TellContext {
  store: Firestore;
  post: Post | undefined;
  now: Date;
}

/** Why nobody could be reached for now. */
export type TellingFailure =
  | 'mail_not_configured'
  | 'webhook'
  | `mail_${'paused' | 'retry' | 'stopped' | 'system'}`;

/**
 * What telling came to. `told`: everybody who can be told has been; `to` are those whose mail, or webhook, was taken.
 * `waits`: another watchman is at work on it. `failed`: not now; `reason` says why.
 */
export type Telling =
  | { outcome: 'told'; to: string[]; unreached: string[] }
  | { outcome: 'waits' }
  | { outcome: 'failed'; reason: TellingFailure };

/** A server that defers a mail (greylisting) takes it within the hour; after that the others' mails are enough. */
const DEFERRED_MS = 3_600_000;

type Step = 'sent' | 'settled' | 'waits' | { failed: TellingFailure };

/**
 * Tells everybody of one event of an incident, each once, whoever else does the same at this moment: every mail is claimed
 * on a document of its own below the incident. A webhook that fails holds nobody's mail back; it is tried again only where
 * nobody else can be told.
 */
export async function tell(
  context: TellContext,
  incident: Incident,
  event: Event,
  audience: Audience,
): Promise<Telling> {
  const steps: [string, Step][] = [];
  for (const [index, notice] of (await standingNotices(context, incident, event, audience)).entries()) {
    const operator = audience.operators[index];
    const step = operator
      ? await mailOne(context, incident, event, { ...audience, operator }, notice)
      : await hookOne(context, incident, event, audience, notice);
    steps.push([operator ?? 'webhook', step]);
  }
  return summed(steps, event === 'recovered' || isOld(incident, context.now));
}

/** Each recipient's notice as it stands: the operators' in order, then the webhook's. */
async function standingNotices(
  { store }: TellContext,
  { id }: Incident,
  event: Event,
  { operators, webhook }: Audience,
): Promise<DocumentSnapshot[]> {
  const notices = incidents(store).doc(id).collection('notices');
  const names = [...operators.map(digest), ...(webhook ? ['webhook'] : [])];
  if (names.length === 0) return [];
  return store.getAll(...names.map((name): DocumentReference => notices.doc(`${event}-${name}`)));
}

/** An address as part of an id. */
const digest = (address: string) => createHash('sha256').update(address).digest('hex').slice(0, 20);

async function mailOne(
  context: TellContext,
  incident: Incident,
  event: Event,
  { operator, locale }: Audience & { operator: string },
  notice: DocumentSnapshot,
): Promise<Step> {
  const { post, now } = context;
  if (!post) return { failed: 'mail_not_configured' };
  const claims = await claimOn(context, notice, { recipient: operator, event });
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

async function hookOne(
  context: TellContext,
  incident: Incident,
  event: Event,
  { webhook, operators, locale }: Audience,
  notice: DocumentSnapshot,
): Promise<Step> {
  const claims = await claimOn(context, notice, { recipient: 'webhook', event });
  if (typeof claims === 'string') return claims;
  if (!(await claims.take(notice.id))) return 'waits';
  const { subject } = noticeMail(incident, event, locale, context.now);
  const body = webhookBody(incident, event, subject, context.now);
  const { ok, response } = await postWebhook(webhook ?? '', body);
  if (!ok && operators.length === 0) {
    await claims.release();
    return { failed: 'webhook' };
  }
  await claims.settle({ state: ok ? 'sent' : 'failed', response, settledAt: context.now });
  return ok ? 'sent' : 'settled';
}

/** The claim on a notice, or what became of it already. */
async function claimOn(
  { store, now }: TellContext,
  notice: DocumentSnapshot,
  fields: Record<string, unknown>,
): Promise<Claims | Exclude<Step, object>> {
  const claimContext = { store, clock: () => now };
  const next = resume(notice.exists ? standingClaim(notice) : null, now);
  if (next === 'wait') return 'waits';
  if (next === 'done') return notice.get('state') === 'sent' ? 'sent' : 'settled';
  if (next === 'unknown') {
    await settleOrphans(claimContext, [notice]);
    return 'settled';
  }
  return documentClaims(claimContext, [{ ref: notice.ref, standing: notice.exists ? notice : null, fields }]);
}

const isOld = ({ openedAt, lastToldAt }: Incident, now: Date): boolean =>
  now.getTime() - (lastToldAt ?? openedAt).getTime() > DEFERRED_MS;

/** `enough`: who is deferred once more is left out where somebody else has been told. */
function summed(steps: readonly [string, Step][], enough: boolean): Telling {
  const those = (wanted: Step) => steps.filter(([, step]) => step === wanted).map(([name]) => name);
  const to = those('sent');
  const failed = steps.flatMap(([name, step]) => (typeof step === 'object' ? [{ name, ...step }] : []));
  const deferred = failed.filter((each) => each.failed === 'mail_retry');
  const leaveOut = enough && to.length > 0 && deferred.length === failed.length;
  if (failed[0] && !leaveOut) return { outcome: 'failed', reason: failed[0].failed };
  if (those('waits').length > 0) return { outcome: 'waits' };
  return { outcome: 'told', to, unreached: [...those('settled'), ...failed.map(({ name }) => name)] };
}
