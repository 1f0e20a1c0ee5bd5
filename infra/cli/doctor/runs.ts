import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import { lookAround } from '../../../functions/watch-runs/look.ts';
import type { LookContext } from '../../../functions/watch-runs/look-at-task.ts';
import type { Concern } from '../../../shared/domains/watch/concern.ts';
import type { Finding } from '../../../shared/domains/watch/incident.ts';
import { incidentOf } from '../../../shared/domains/watch/incident.ts';
import { english } from '../../../shared/domains/watch/mails/en.ts';
import { seenRun } from '../../../shared/domains/watch/run.ts';
import { utc } from '../../../shared/domains/watch/words.ts';
import { within } from '../../../shared/doors/time/within.ts';
import { lastRuns } from '../../../shared/runtime/ledger.ts';
import { watchedJobs } from '../../scheduler/watched.ts';
import { type CheckResult, reasonOf, reportFault, reportSound } from './result.ts';

const PATIENCE_MS = 20_000;
const WATCH_RUNS = 'watch-runs';

/** Returns the fault that a concern of watch-runs is about, or null if it is over. */
function findingOf(concern: Concern): Finding | null {
  if (concern.reason === 'open') return concern.finding;
  if (!('incident' in concern) || concern.reason === 'withdraw') return null;
  return concern.reason === 'tell' && concern.event === 'recovered' ? null : concern.incident;
}

/** Checks the last run of each task by the rules of watch-runs, which need not be running. Reads only. */
export async function examineRuns(
  stores: { store: Firestore; redis: Redis },
  now: Date,
): Promise<CheckResult[]> {
  try {
    return await within(PATIENCE_MS, 'Firestore', checkTasks({ ...stores, now }));
  } catch (error) {
    return [
      reportFault('last runs', reasonOf(error), 'the line of Firestore or of the indexes names the remedy'),
    ];
  }
}

async function checkTasks(context: LookContext): Promise<CheckResult[]> {
  const jobs = watchedJobs();
  const self = jobs.find(({ task }) => task === WATCH_RUNS);
  if (!self) return [reportFault('last runs', `infra/scheduler.yaml has no job ${WATCH_RUNS}`, 'add it')];
  const { concerns, settings } = await lookAround(context, jobs, self);
  const findings = concerns.flatMap((concern) => findingOf(concern) ?? []);
  const lines = jobs.map(async ({ task }) => {
    const last = await describeLastRun(context.store, task);
    const found = findings.filter((finding) => finding.task === task);
    return found.length === 0
      ? [reportSound(`run ${task}`, last)]
      : found.map((finding) => toResult(finding, context.now));
  });
  const unscheduled = findings.filter(({ task }) => !jobs.some((job) => job.task === task));
  return [
    ...(await Promise.all(lines)).flat(),
    ...unscheduled.map((finding) => toResult(finding, context.now)),
    settings.operators.length > 0 || settings.webhook_url
      ? reportSound('operators', `watch-runs notifies ${settings.operators.length} address(es) of incidents`)
      : reportFault(
          'operators',
          'watch-runs notifies nobody of incidents',
          'name operators on the settings page of the console, or under watch in PUT /v1/admin/settings',
        ),
  ];
}

function toResult(finding: Finding, now: Date): CheckResult {
  const { title, remedies } = english[finding.kind](incidentOf(finding, now, false));
  return reportFault(`run ${finding.task}`, title, remedies.join(' '));
}

async function describeLastRun(store: Firestore, task: string): Promise<string> {
  const [document] = (await lastRuns(store, task, 1).get()).docs;
  if (!document) return 'has not run yet';
  const { startedAt, outcome, durationMs } = seenRun(document);
  const took = durationMs === null ? '' : ` in ${(durationMs / 1000).toFixed(1)} s`;
  return `${utc(new Date(startedAt))}: ${outcome ?? 'at work'}${took}`;
}
