import { ACTING, type Concern, type Event } from '../../shared/domains/watch/concern.ts';
import {
  createIncident,
  type Happening,
  happened,
  type Incident,
  incidentOf,
  incidents,
  readIncident,
} from '../../shared/domains/watch/incident.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { watchedSchedule } from '../../shared/domains/watch/schedule.ts';
import { rememberOpening, watchFrom } from '../../shared/domains/watch/state.ts';
import { type Audience, type TellingFailure, tell } from '../../shared/domains/watch/tell.ts';
import { isConflict } from '../../shared/doors/store/firestore.ts';
import { closeLate } from '../../shared/runtime/fan-out/closing.ts';
import { logClosed } from '../../shared/runtime/log-run.ts';
import type { ActResult, ReplyFacts, RunContext, Task } from '../../shared/runtime/task.ts';
import { lookAround, type Round } from './look.ts';
import { callMonitor } from './monitor.ts';

const NAME = 'watch-runs';

type Reason = Concern['reason'] | 'another_watchman' | 'known' | TellingFailure;

interface Types {
  params: Record<never, never>;
  candidate: { id: string; concern: Concern };
  run: Round;
  facts: undefined;
  reason: Reason;
  plan: undefined;
}

/**
 * Watches the rounds: rounds that did not begin within their grace, runs past their budget, failures in a row, runs that
 * take nearly as long as they may, mails that nobody knows the end of.
 *
 * Each is an incident, a document with a history, of which each operator is told once when it opens, once a day while it
 * lasts, and once when it is over, however many watchmen look at a time. A watchman who has slept says so in one message and
 * tells what he slept through in it. What could not be told fails the run, and is told in the next.
 *
 * A run that was handed on and whose batches have not all reported by its deadline is closed here too, even where no next
 * run comes that would.
 */
export const watchRuns: Task<Types> = {
  name: NAME,
  route: '/v1/runs/watch',
  methods: ['POST'],
  params: {},
  language: 'en',
  onOverlap: 'skip',
  budgetSeconds: 60,
  batchSize: 1,
  // One after the other: a round is over when its last candidate is.
  concurrency: 1,

  async open(context) {
    const jobs = watchedSchedule();
    return await lookAround(context, jobs, ownJob(jobs));
  },

  async *find({ concerns }) {
    for (const concern of concerns) yield { id: concern.id, concern };
  },

  decide: ({ concern: { reason } }) => ({ act: ACTING.includes(reason), reason }),

  act: (decided, round, context) =>
    Promise.all(decided.map(({ candidate }) => attend(candidate.concern, round, context))),

  // A run that was cut short, or in which something failed, does not call the outside monitor.
  async after(_round, { complete, counts }, { config, log }) {
    if (complete && counts.failed === 0) await callMonitor(config.healthcheckUrl, log);
  },

  reply: (facts) => ({
    success: facts.outcome !== 'failed',
    message: message(facts),
    incidents: facts.notes,
  }),
};

function ownJob(jobs: readonly WatchedJob[]): WatchedJob {
  const own = jobs.find(({ task }) => task === NAME);
  if (own) return own;
  throw new Error(`The schedule has no job ${NAME}; give it one in infra/scheduler.yaml.`);
}

async function attend(concern: Concern, round: Round, context: RunContext): Promise<ActResult<Reason>> {
  const { store, now } = context;
  if (concern.reason === 'watching') {
    await watchFrom(store, concern.task, concern.signature, now);
    return { outcome: 'acted' };
  }
  if (concern.reason === 'open') return openAndTell(concern, round, context);
  if (concern.reason === 'unreported') {
    const closed = await closeLate(store, concern.run, now);
    if (!closed) return { outcome: 'skipped', reason: 'known' };
    logClosed(context.log, { task: concern.task }, closed);
    return { outcome: 'acted' };
  }
  if (concern.reason === 'tell') return tellOf(concern.incident, concern.event, round, context);
  if (concern.reason !== 'withdraw') return { outcome: 'skipped', reason: concern.reason };
  await record(context, concern.incident, { event: 'withdrawn', over: true });
  return { outcome: 'acted', note: note(concern.incident, 'withdrawn', []) };
}

/** Creates the incident, then tells of it. Where another watchman was first, what it has come to decides. */
async function openAndTell(
  { finding, muted }: Extract<Concern, { reason: 'open' }>,
  round: Round,
  context: RunContext,
): Promise<ActResult<Reason>> {
  const { store, now } = context;
  const incident = incidentOf(finding, now, muted);
  const batch = store.batch();
  createIncident(store, batch, incident);
  rememberOpening(store, batch, round.state, { finding, muted }, now);
  try {
    await batch.commit();
  } catch (error) {
    if (!isConflict(error)) throw error;
    const standing = readIncident(await incidents(store).doc(incident.id).get());
    if (standing.recoveredAt || standing.told > 0) return { outcome: 'skipped', reason: 'known' };
    return tellOf(standing, 'opened', round, context);
  }
  if (muted) return { outcome: 'acted', note: note(incident, 'opened_muted', []) };
  return tellOf(incident, 'opened', round, context);
}

async function tellOf(
  incident: Incident,
  event: Event,
  { settings }: Round,
  context: RunContext,
): Promise<ActResult<Reason>> {
  const { operators, webhook_url: webhook, locale } = settings;
  const audience: Audience = { operators, webhook, locale };
  const telling = await tell(context, incident, event, audience);
  if (telling.outcome === 'waits') return { outcome: 'skipped', reason: 'another_watchman' };
  if (telling.outcome === 'failed') return { outcome: 'failed', reason: telling.reason, retry: true };
  const { to, unreached } = telling;
  const nobody = operators.length === 0 && webhook === null;
  // A sleep is over when it is told. Who tells nobody has not told: it waits for somebody to be named.
  const over = event === 'recovered' || (incident.kind === 'asleep' && !nobody);
  if (!nobody || over) await record(context, incident, { event, over, toldTo: to, unreached });
  return { outcome: 'acted', note: note(incident, event, to, unreached) };
}

async function record(
  { store, now }: RunContext,
  { id }: Incident,
  happening: Omit<Happening, 'at'>,
): Promise<void> {
  await incidents(store)
    .doc(id)
    .update(happened({ ...happening, at: now }));
}

function note(
  { id, kind, task }: Incident,
  event: string,
  to: readonly string[],
  unreached: readonly string[] = [],
) {
  return { id, kind, task, event, told: to.length, unreached: unreached.length };
}

function message({ outcome, dryRun, counts, notes }: ReplyFacts<object>): string {
  if (dryRun) return `Would attend to ${counts.acted} of ${counts.candidates} matters`;
  if (outcome === 'failed') return `Failed: ${counts.failed} matter(s) could not be told`;
  const told = notes.filter(({ told: count }) => Number(count) > 0).length;
  return notes.length === 0 ? 'All is well' : `${notes.length} incident(s) changed, ${told} told`;
}
