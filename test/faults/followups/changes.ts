import type { DocumentData } from '@google-cloud/firestore';
import { processFollowups } from '../../../functions/process-followups/task.ts';
import { ended, paused, stopped } from '../../../shared/domains/followups/actions.ts';
import { applySignal } from '../../../shared/domains/followups/answers/signals.ts';
import { type ChangeContext, changeFollowup } from '../../../shared/domains/followups/change.ts';
import type { ClockedProcess } from '../function-process.ts';
import { deliver } from '../harness/delivery.ts';
import { type FaultCase, type Figures, refuse } from '../harness/plan.ts';
import type { FaultStage } from '../harness/stage.ts';
import { Campaign, findWrongAnswer } from './campaign.ts';

/** The number of mails that are claimed while the mail server is silent; as many others wait behind them. */
const IN_HAND = processFollowups.concurrency;
const ITEMS = 2 * IN_HAND;
const DAY_MS = 86_400_000;
/** Longer than this case lasts. */
const PAUSE_DAYS = 30;
/** Later than the next level. */
const NEXT_LEVEL_DAYS = 16;

/** Each follow-up has its own organisation, so that switching one off is a separate change. */
const orgOf = (id: string) => `org-${id}`;
const replyTo = (id: string) => `<reply-to-${id}@ronde.test>`;

/** Changes one follow-up like the console, the inbox, a customer or another back end. */
type FollowupChange = (context: ChangeContext, id: string) => Promise<unknown>;

const updateFields =
  (fields: DocumentData): FollowupChange =>
  ({ store }, id) =>
    store.doc(`followups/${id}`).update(fields);

/** A claim does not watch the settings: a mail that is claimed goes, and no other. */
const SETTINGS_OFF = 'settings off';

const CHANGES: Readonly<Record<string, FollowupChange>> = {
  payment: (context, id) => changeFollowup(context, id, ({ followup }) => ended(followup, 'paid')),
  'payment by another back end': updateFields({ status: 'paid' }),
  reply: (context, id) =>
    applySignal(context, {
      ...{ kind: 'reply', orgId: orgOf(id), messageIds: [replyTo(id)], detail: 'the customer' },
      ...{ answerId: `<answer-to-${id}>`, documentId: id, receivedAt: context.now },
    }),
  pause: (context, id) =>
    changeFollowup(context, id, ({ snapshot, settings }) =>
      paused(snapshot, settings, context.now.getTime() + PAUSE_DAYS * DAY_MS, null),
    ),
  'opt-out': (context, id) =>
    changeFollowup(context, id, ({ followup }) => stopped(followup, 'opted_out', null)),
  stop: (context, id) => changeFollowup(context, id, ({ followup }) => stopped(followup, 'stopped', null)),
  'auto_enabled false': updateFields({ auto_enabled: false }),
  [SETTINGS_OFF]: ({ store }, id) =>
    store.doc(`billing_settings/${orgOf(id)}`).update({ auto_followups_enabled: false }),
};

/** Resolves once this many mails are claimed, with their follow-ups. */
async function waitForClaims(stage: FaultStage, count: number): Promise<Set<string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Set<string>>();
  const stop = stage
    .store()
    .collectionGroup('sends')
    .onSnapshot(({ docs }) => {
      if (docs.length >= count) resolve(new Set(docs.map(({ ref }) => ref.parent.parent?.id ?? '')));
    }, reject);
  return await promise.finally(stop);
}

/** Holds a run with half of the follow-ups between claim and send, and the others between query and claim. */
async function raceChange(stage: FaultStage, name: string, change: FollowupChange): Promise<void> {
  const campaign = await Campaign.begin(stage, ITEMS, (id) => ({
    org_id: orgOf(id),
    message_ids: [replyTo(id)],
  }));
  const gate = Promise.withResolvers<void>();
  campaign.relay.fault = { at: 'greeting', how: { until: gate.promise } };
  const child = await campaign.start(campaign.relay.port);
  try {
    const answer = deliver(child.url, stage, { occurrence: null });
    const before = await waitForClaims(stage, IN_HAND);
    const context = {
      store: stage.store(),
      now: campaign.now,
      decider: { runId: null, by: 'somebody' },
    };
    await Promise.all(campaign.ids.map((id) => change(context, id)));
    campaign.relay.fault = null;
    gate.resolve();
    refuse(findWrongAnswer(await answer).map((fault) => `${name}: ${fault}`));
    refuse(await judge(campaign, name, before));
    await runLater(campaign, child);
    refuse(await judge(campaign, `${name}, ${NEXT_LEVEL_DAYS} days later`, before));
  } finally {
    gate.resolve();
    await child.kill();
    await campaign.stop();
  }
}

/** Requires that no mail goes after a change of its follow-up, claimed or not, and that no claim is left. */
async function judge(campaign: Campaign, name: string, before: ReadonlySet<string>): Promise<string[]> {
  if (before.size !== IN_HAND) return [`${name}: ${before.size} were claimed at a time, not ${IN_HAND}`];
  return (await campaign.readEnds()).flatMap(({ id, mails, state, level }) => {
    const description = `${name}: ${id} got ${mails} mails, its claim is ${state} and its level ${level}`;
    const right =
      before.has(id) && name.startsWith(SETTINGS_OFF)
        ? mails === 1 && state === 'sent' && level === 1
        : mails === 0 && state === undefined && level === 0;
    return right ? [] : [`${description}; it was ${before.has(id) ? '' : 'not '}claimed before the change`];
  });
}

async function runLater(campaign: Campaign, child: ClockedProcess): Promise<void> {
  campaign.now = new Date(campaign.now.getTime() + NEXT_LEVEL_DAYS * DAY_MS);
  await child.setClock(campaign.now);
  refuse(findWrongAnswer(await deliver(child.url, campaign.stage, { occurrence: null })));
}

/** Each change that stops a reminder, both before its claim and between its claim and its mail. */
export const changes: FaultCase = {
  name: 'changes',
  claim:
    'a change before the mail begins stops a reminder, claimed or not; a change of settings stops the next one',
  // 24 follow-ups of each kind on either side of the claim: 216 in all.
  runs: { sample: 1, full: 9 },
  async once({ stage }): Promise<Figures> {
    for (const [name, change] of Object.entries(CHANGES)) await raceChange(stage, name, change);
    const kinds = Object.keys(CHANGES).length;
    return {
      'changes before the claim': kinds * (ITEMS - IN_HAND),
      'changes between claim and mail': kinds * IN_HAND,
    };
  },
};
