import type { DocumentSnapshot } from '@google-cloud/firestore';
import { readCustomers } from '../../shared/domains/followups/customers/customer.ts';
import { type Followup, sendRef, settingsRef } from '../../shared/domains/followups/followup.ts';
import { applyClaim, judgeAutomatic, type Verdict } from '../../shared/domains/followups/judge.ts';
import type { Reason } from '../../shared/domains/followups/reasons.ts';
import { claimOf, type Prepared } from '../../shared/domains/followups/send.ts';
import { type Settings, toSettings } from '../../shared/domains/followups/settings.ts';
import type { RunContext } from '../../shared/runtime/task.ts';
import type { OrganisationMail, OrganisationPost } from '../organisation-mail.ts';

/** One candidate: a due follow-up, or an organisation whose settings are unusable. */
export type DueFollowup = { id: string } & (
  | { fault: string }
  | { followup: Followup; settings: Settings; verdict: Verdict }
);

/** The facts read just before deciding. */
export interface FollowupFacts {
  mail: 'ready' | 'paused' | 'not_configured';
  /** By the follow-up's id. */
  prepared: ReadonlyMap<string, Prepared>;
  /** The accounts that send, by the follow-up's id. */
  posts: ReadonlyMap<string, OrganisationPost>;
}

/** Reads again what may stop a mail, just before its claim: settings, customer, account, and its level's send record. */
export async function readFacts(
  batch: readonly DueFollowup[],
  accounts: OrganisationMail | null,
  { store, post }: RunContext,
): Promise<FollowupFacts> {
  const prepared = new Map<string, Prepared>();
  const posts = new Map<string, OrganisationPost>();
  const facts = {
    mail: post === undefined ? 'not_configured' : post.paused ? 'paused' : 'ready',
    prepared,
    posts,
  } as const;
  const sendable: Followup[] = [];
  for (const one of batch) {
    if (!('followup' in one) || one.verdict.do !== 'send') continue;
    const sender = await accounts?.of(one.settings);
    if (sender) posts.set(one.id, sender);
    if (!sender || !stopOf(sender)) sendable.push(one.followup);
  }
  if (sendable.length === 0) return facts;
  const refs = sendable.flatMap((one) => [settingsRef(store, one.orgId), sendRef(one, one.level + 1)]);
  const [found, followups] = await Promise.all([store.getAll(...refs), readCustomers(store, sendable)]);
  for (const [index, followup] of followups.entries()) {
    const [settings, send] = found.slice(index * 2) as [DocumentSnapshot, DocumentSnapshot];
    prepared.set(followup.id, { followup, settings: toSettings(settings), send });
  }
  return facts;
}

/** Returns the reason for which an account sends nothing in this run, or null. */
const stopOf = ({ waiting, post }: OrganisationPost): Reason | null =>
  waiting ?? (post.fault ? 'mail_stopped' : null);

/** Judges a candidate again by the facts just read. */
export function judgeAgain(candidate: DueFollowup, { prepared, posts }: FollowupFacts, now: Date): Verdict {
  if ('fault' in candidate) return { do: 'wait', reason: 'bad_settings', until: null };
  if (candidate.verdict.do !== 'send') return candidate.verdict;
  const sender = posts.get(candidate.id);
  const stop = sender ? stopOf(sender) : null;
  if (stop) return { do: 'wait', reason: stop, until: null };
  const facts = prepared.get(candidate.id);
  if (!facts) return candidate.verdict;
  return applyClaim(judgeAutomatic(facts.followup, facts.settings, now.getTime()), claimOf(facts.send, now));
}
