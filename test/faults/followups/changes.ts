import type { DocumentData } from '@google-cloud/firestore';
import { processFollowups } from '../../../functions/process-followups/task.ts';
import { ended, paused, stopped } from '../../../shared/domains/followups/actions.ts';
import { type ChangeContext, changeFollowup } from '../../../shared/domains/followups/change.ts';
import { applySignal } from '../../../shared/domains/followups/signals.ts';
import type { ClockedProcess } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultCase, type Figures, refuse } from '../harness/plan.ts';
import type { Stage } from '../harness/stage.ts';
import { Campaign, wrongAnswer } from './campaign.ts';

/** So many are claimed while the mail server is silent; as many again wait for their turn behind them. */
const IN_HAND = processFollowups.concurrency;
const ITEMS = 2 * IN_HAND;
const DAY_MS = 86_400_000;
/** A pause lasts longer than this case looks. */
const PAUSE_DAYS = 30;
/** Later than the next level would come. */
const NEXT_LEVEL_DAYS = 16;

/** Each follow-up is of an organisation of its own, so that switching one off is a change of its own too. */
const orgOf = (id: string) => `org-${id}`;
const replyTo = (id: string) => `<reply-to-${id}@ronde.test>`;

/** Does one change to one follow-up, as the console, the inbox, a customer or another back end does it. */
type Change = (context: ChangeContext, id: string) => Promise<unknown>;

const written =
  (fields: DocumentData): Change =>
  ({ store }, id) =>
    store.doc(`followups/${id}`).update(fields);

const CHANGES: Readonly<Record<string, Change>> = {
  payment: (context, id) => changeFollowup(context, id, ({ followup }) => ended(followup, 'paid')),
  'payment by another back end': written({ status: 'paid' }),
  reply: (context, id) =>
    applySignal(context, { kind: 'reply', messageIds: [replyTo(id)], detail: 'the customer' }),
  pause: (context, id) =>
    changeFollowup(context, id, ({ snapshot, settings }) =>
      paused(snapshot, settings, context.now.getTime() + PAUSE_DAYS * DAY_MS, null),
    ),
  'opt-out': (context, id) =>
    changeFollowup(context, id, ({ followup }) => stopped(followup, 'opted_out', null)),
  stop: (context, id) => changeFollowup(context, id, ({ followup }) => stopped(followup, 'stopped', null)),
  'auto_enabled false': written({ auto_enabled: false }),
  'settings off': ({ store }, id) =>
    store.doc(`billing_settings/${orgOf(id)}`).update({ auto_followups_enabled: false }),
};

/** Resolves once so many mails are claimed, with the follow-ups they are of. */
async function claimed(stage: Stage, count: number): Promise<Set<string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Set<string>>();
  const stop = stage
    .store()
    .collectionGroup('sends')
    .onSnapshot(({ docs }) => {
      if (docs.length >= count) resolve(new Set(docs.map(({ ref }) => ref.parent.parent?.id ?? '')));
    }, reject);
  return await promise.finally(stop);
}

/** A run that stands between claim and send with half of them, and between query and claim with the others. */
async function raced(stage: Stage, name: string, change: Change): Promise<void> {
  const campaign = await Campaign.begin(stage, ITEMS, (id) => ({
    org_id: orgOf(id),
    message_ids: [replyTo(id)],
  }));
  const gate = Promise.withResolvers<void>();
  campaign.relay.fault = { at: 'greeting', how: { until: gate.promise } };
  const child = await campaign.start(campaign.relay.port);
  try {
    const answer = deliver(child.url, stage, { occurrence: null });
    const before = await claimed(stage, IN_HAND);
    const context = {
      store: stage.store(),
      now: campaign.now,
      decider: { runId: null, by: 'somebody' },
    };
    await Promise.all(campaign.ids.map((id) => change(context, id)));
    campaign.relay.fault = null;
    gate.resolve();
    refuse(wrongAnswer(await answer).map((fault) => `${name}: ${fault}`));
    refuse(await judge(campaign, name, before));
    await runLater(campaign, child);
    refuse(await judge(campaign, `${name}, ${NEXT_LEVEL_DAYS} days later`, before));
  } finally {
    gate.resolve();
    await child.kill();
    await campaign.stop();
  }
}

/** What was claimed before the change goes, once; nothing is claimed after it, now or later. */
async function judge(campaign: Campaign, name: string, before: ReadonlySet<string>): Promise<string[]> {
  if (before.size !== IN_HAND) return [`${name}: ${before.size} were claimed at a time, not ${IN_HAND}`];
  return (await campaign.fates()).flatMap(({ id, mails, state, level }) => {
    const told = `${name}: ${id} got ${mails} mails, its claim is ${state} and its level ${level}`;
    const right = before.has(id)
      ? mails === 1 && state === 'sent' && level === 1
      : mails === 0 && state === undefined && level === 0;
    return right ? [] : [`${told}; it was ${before.has(id) ? '' : 'not '}claimed before the change`];
  });
}

async function runLater(campaign: Campaign, child: ClockedProcess): Promise<void> {
  campaign.now = new Date(campaign.now.getTime() + NEXT_LEVEL_DAYS * DAY_MS);
  await child.setClock(campaign.now);
  refuse(wrongAnswer(await deliver(child.url, campaign.stage, { occurrence: null })));
}

/** Each change that stops a reminder, while a run has it before its claim or between its claim and its mail. */
export const changes: FaultCase = {
  name: 'changes',
  claim: 'what stops a reminder before its claim stops it, and after its claim at most that one mail goes',
  // 24 follow-ups of each kind on either side of the claim in each: 216 in all.
  runs: { sample: 1, full: 9 },
  async once({ stage }): Promise<Figures> {
    for (const [name, change] of Object.entries(CHANGES)) await raced(stage, name, change);
    const kinds = Object.keys(CHANGES).length;
    return {
      'changes before the claim': kinds * (ITEMS - IN_HAND),
      'changes between claim and mail': kinds * IN_HAND,
    };
  },
};
