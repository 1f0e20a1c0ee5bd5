import { ACTING, type Concern, type IncidentEvent } from '../../shared/domains/watch/concern.ts';
import {
  createIncident,
  type HistoryEntry,
  type Incident,
  incidentOf,
  incidents,
  readIncident,
  toHistoryFields,
} from '../../shared/domains/watch/incident.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { type NoticeAudience, type NotifyFailure, notify } from '../../shared/domains/watch/notify.ts';
import { watchedSchedule } from '../../shared/domains/watch/schedule.ts';
import { forgetPause } from '../../shared/domains/watch/settings.ts';
import {
  isFlappingReported,
  recentOpenings,
  rememberFlapping,
  rememberOpening,
  watchFrom,
} from '../../shared/domains/watch/state.ts';
import { isConflict } from '../../shared/doors/store/firestore.ts';
import { closeLate } from '../../shared/runtime/fan-out/closing.ts';
import { logClosed } from '../../shared/runtime/log-run.ts';
import type { ActResult, ReplyFacts, RunContext, Task } from '../../shared/runtime/task.ts';
import { lookAround, type WatchRun } from './look.ts';
import { callMonitor } from './monitor.ts';

const NAME = 'watch-runs';

type Reason = Concern['reason'] | 'another_watchman' | 'known' | NotifyFailure;

interface Types {
  params: Record<never, never>;
  candidate: { id: string; concern: Concern };
  run: WatchRun;
  facts: undefined;
  reason: Reason;
  plan: undefined;
}

/**
 * Watches the runs of all tasks.
 *
 * An incident opens if
 * - no run began for an occurrence within its grace,
 * - a run is open past its budget,
 * - several attempts failed in a row, or failures alternate with successes,
 * - runs end well and did nothing, since everything fails,
 * - the budget ends every run early, or runs take nearly their whole budget,
 * - or the delivery of a mail is uncertain.
 *
 * Each operator gets one mail when an incident opens, one a day while it lasts, and one when it is over. That holds however
 * many runs of this task work at the same time. What comes and goes gets one mail a day, and the usual ones once it lasts for
 * 30 minutes. If this task itself slept, one message reports that and all that it missed.
 * A notice that could not be sent fails the run, and the next run sends it.
 *
 * This task also closes a dispatched run whose batches have not all reported by its deadline, and forgets a pause of a task
 * that runs again.
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
  // Mails go one after the other.
  concurrency: 1,

  async open(context) {
    const jobs = watchedSchedule();
    return await lookAround(context, jobs, ownJob(jobs));
  },

  async *find({ concerns }) {
    for (const concern of concerns) yield { id: concern.id, concern };
  },

  decide: ({ concern: { reason } }) => ({ act: ACTING.includes(reason), reason }),

  act: (decided, run, context) =>
    Promise.all(decided.map(({ candidate }) => attend(candidate.concern, run, context))),

  // A run that was cut short, or in which something failed, does not call the outside monitor.
  async after(_run, { complete, counts }, { config, log }) {
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

async function attend(concern: Concern, run: WatchRun, context: RunContext): Promise<ActResult<Reason>> {
  const { store, now } = context;
  if (concern.reason === 'watching') {
    await watchFrom(store, concern.task, concern.signature, now);
    return { outcome: 'acted' };
  }
  if (concern.reason === 'stale_pause') {
    await forgetPause(store, concern.task);
    return { outcome: 'acted' };
  }
  if (concern.reason === 'open') return openAndNotify(concern, run, context);
  if (concern.reason === 'unreported') {
    const closed = await closeLate(store, concern.run, now);
    if (!closed) return { outcome: 'skipped', reason: 'known' };
    logClosed(context.log, { task: concern.task }, closed);
    return { outcome: 'acted' };
  }
  if (concern.reason === 'tell') return notifyAudience(concern.incident, concern.event, run, context);
  if (concern.reason !== 'withdraw') return { outcome: 'skipped', reason: concern.reason };
  await record(context, concern.incident, { event: 'withdrawn', over: true });
  return { outcome: 'acted', note: note(concern.incident, 'withdrawn', []) };
}

/** Creates the incident, then notifies. If another run created it first, its state decides. */
async function openAndNotify(
  { finding, muted }: Extract<Concern, { reason: 'open' }>,
  run: WatchRun,
  context: RunContext,
): Promise<ActResult<Reason>> {
  const { store, now } = context;
  const openings = recentOpenings(run.state, finding, now).length + 1;
  const incident = incidentOf(finding, now, muted, openings);
  const batch = store.batch();
  createIncident(store, batch, incident);
  rememberOpening(store, batch, run.state, incident);
  try {
    await batch.commit();
  } catch (error) {
    if (!isConflict(error)) throw error;
    const standing = readIncident(await incidents(store).doc(incident.id).get());
    if (standing.recoveredAt || standing.notices > 0) return { outcome: 'skipped', reason: 'known' };
    return notifyAudience(standing, 'opened', run, context);
  }
  if (!muted) return notifyAudience(incident, 'opened', run, context);
  const isSilent = finding.kind === 'asleep' || isFlappingReported(run.state, finding, now);
  if (isSilent) return { outcome: 'acted', note: note(incident, 'opened_muted', []) };
  return notifyAudience(incident, 'flapping', run, context);
}

async function notifyAudience(
  incident: Incident,
  event: IncidentEvent,
  { settings }: WatchRun,
  context: RunContext,
): Promise<ActResult<Reason>> {
  const { operators, webhook_url: webhook, locale } = settings;
  const audience: NoticeAudience = { operators, webhook, locale };
  const result = await notify({ ...context, local: context.config.local }, incident, event, audience);
  if (result.outcome === 'waits') return { outcome: 'skipped', reason: 'another_watchman' };
  if (result.outcome === 'failed') return { outcome: 'failed', reason: result.reason, retry: true };
  const { to, unreached } = result;
  const hasAudience = operators.length > 0 || webhook !== null;
  // An `asleep` incident closes once it is reported. Without receivers it stays open.
  const over = event === 'recovered' || (incident.kind === 'asleep' && hasAudience);
  if (hasAudience || over) await record(context, incident, { event, over, notified: to, unreached });
  if (hasAudience && event === 'flapping') await rememberFlapping(context.store, incident, context.now);
  return { outcome: 'acted', note: note(incident, event, to, unreached) };
}

async function record(
  { store, now }: RunContext,
  { id }: Incident,
  entry: Omit<HistoryEntry, 'at'>,
): Promise<void> {
  await incidents(store)
    .doc(id)
    .update(toHistoryFields({ ...entry, at: now }));
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
  if (dryRun) return `Would act on ${counts.acted} of ${counts.candidates} candidates`;
  if (outcome === 'failed')
    return `Failed: ${counts.failed} notice(s) could not be sent; the next run tries again`;
  const reported = notes.filter((each) => Number(each['told']) > 0).length;
  return notes.length === 0 ? 'All is well' : `${notes.length} incident(s) changed, ${reported} reported`;
}
