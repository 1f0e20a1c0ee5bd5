import type { DocumentData } from '@google-cloud/firestore';
import { CLAIM_LEASE_MS } from '../../shared/doors/mail/claims.ts';
import { seed } from '../support/documents.ts';
import { followupFields, settingsFields, stamp } from '../support/followups.ts';
import { changes } from './followups/changes.ts';
import { killAndSettle } from './followups/kill.ts';
import { withoutLease } from './followups/parallel.ts';
import type { Figures } from './harness/plan.ts';
import type { FaultStage } from './harness/stage.ts';
import { taskPlan } from './harness/task-plan.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const addressOf = (id: string) => `${id}@example.test`;

const sends = async (stage: FaultStage) => (await stage.store().collectionGroup('sends').get()).docs;

/** Returns the number of mails per address. */
function arrivals(stage: FaultStage): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { to } of stage.smtp.mails()) counts.set(to[0] ?? '', (counts.get(to[0] ?? '') ?? 0) + 1);
  return counts;
}

/** Returns each level's record by `follow-up level`, with its state and the follow-up's mails. */
async function records(stage: FaultStage) {
  const arrived = arrivals(stage);
  return (await sends(stage)).map((send) => {
    const id = send.ref.parent.parent?.id ?? '';
    return { id, level: send.id, state: send.get('state') as string, mails: arrived.get(addressOf(id)) ?? 0 };
  });
}

/** Requires at most one mail per customer and a record of its delivery. An uncertain mail may have arrived or not. */
async function violations(stage: FaultStage): Promise<string[]> {
  const found = await records(stage);
  const levels = await stage.store().collection('followups').get();
  const levelOf = new Map(levels.docs.map((doc) => [doc.id, Number(doc.get('level'))]));
  const wrong = found.flatMap(({ id, level, state, mails }) => {
    const text = `${id} level ${level} is ${state}, got ${mails} mails and stands at ${levelOf.get(id)}`;
    if (mails > 1) return [`twice: ${text}`];
    if (state === 'unknown') return levelOf.get(id) === 0 ? [] : [`wrong: ${text}`];
    if (state !== 'sent') return [`ledger: ${text}`];
    return mails === 1 && levelOf.get(id) === 1 ? [] : [`wrong: ${text}`];
  });
  const known = new Set(found.map(({ id }) => addressOf(id)));
  const strays = [...arrivals(stage).keys()].filter((address) => !known.has(address));
  return [...wrong, ...strays.map((address) => `wrong: ${address} got a mail that no record knows`)];
}

async function figures(stage: FaultStage): Promise<Figures> {
  const found = await records(stage);
  const unknown = found.filter(({ state }) => state === 'unknown');
  const arrived = unknown.filter(({ mails }) => mails === 1).length;
  return {
    mails: found.filter(({ state }) => state === 'sent').length,
    'unknown, arrived': arrived,
    'unknown, not arrived': unknown.length - arrived,
  };
}

/** Every kind of fault while due reminders are sent, and cases for reminders only. */
export const plan = taskPlan(
  {
    name: 'process-followups',
    items: { sample: 30, full: 50 },
    claimLeaseMs: CLAIM_LEASE_MS,
    async seed(stage, { items, now }) {
      // A store that lost everything knows of no mail.
      stage.smtp.clear();
      const at = (ms: number) => stamp(now.getTime() + ms);
      const one = (id: string, more: DocumentData): [string, object] => [
        id,
        followupFields({ customer: { name: id, email: addressOf(id) }, ...more }),
      ];
      const due = Array.from({ length: items }, (_, index) => `f-${index}`);
      const others: [string, DocumentData][] = [
        ['later', { next_due_at: at(10 * DAY_MS) }],
        ['paid', { status: 'paid' }],
        ['by-hand', { auto_enabled: false }],
        ['parked', { next_due_at: null, parked: { reason: 'unknown_delivery' } }],
      ];
      const documents = [
        ...due.map((id, index) => one(id, { next_due_at: at(-HOUR_MS - index * 1000) })),
        ...others.map(([id, more]) => one(id, more)),
      ];
      await stage.store().doc('billing_settings/org-1').set(settingsFields());
      await seed(stage.store(), 'followups', new Map(documents));
      return due;
    },
    async effects(stage) {
      const settled = (await records(stage)).filter(({ state }) => ['sent', 'unknown'].includes(state));
      return new Map(settled.map(({ id, level, mails }) => [id, `${level}: ${mails}`]));
    },
    violations,
    figures,
  },
  { cases: [killAndSettle, changes, withoutLease] },
);
