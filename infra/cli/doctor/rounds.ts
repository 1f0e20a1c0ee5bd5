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
import { ill, type Result, reasonOf, well } from './result.ts';

const PATIENCE_MS = 20_000;
const WATCHMAN = 'watch-runs';

/** What is wrong with a task, of what the watchman sees now. */
function findingOf(concern: Concern): Finding | null {
  if (concern.reason === 'open') return concern.finding;
  if (concern.reason === 'told' || concern.reason === 'nobody_to_tell') return concern.incident;
  return concern.reason === 'tell' && concern.event !== 'recovered' ? concern.incident : null;
}

/** The last run of each task, judged as the watchman judges it, who is not needed for it. Reads only. */
export async function examineRounds(
  stores: { store: Firestore; redis: Redis },
  now: Date,
): Promise<Result[]> {
  try {
    return await within(PATIENCE_MS, 'Firestore', look({ ...stores, now }));
  } catch (error) {
    return [ill('last runs', reasonOf(error), 'the line of Firestore or of the indexes says what helps')];
  }
}

async function look(context: LookContext): Promise<Result[]> {
  const jobs = watchedJobs();
  const self = jobs.find(({ task }) => task === WATCHMAN);
  if (!self) return [ill('last runs', `infra/scheduler.yaml has no job ${WATCHMAN}`, 'give it one')];
  const { concerns, settings } = await lookAround(context, jobs, self);
  const findings = concerns.flatMap((concern) => findingOf(concern) ?? []);
  const lines = jobs.map(async ({ task }) => {
    const last = await lastLine(context.store, task);
    const found = findings.filter((finding) => finding.task === task);
    return found.length === 0
      ? [well(`run ${task}`, last)]
      : found.map((finding) => sick(finding, context.now));
  });
  const strangers = findings.filter(({ task }) => !jobs.some((job) => job.task === task));
  return [
    ...(await Promise.all(lines)).flat(),
    ...strangers.map((finding) => sick(finding, context.now)),
    settings.operators.length > 0 || settings.webhook_url
      ? well('operators', `${settings.operators.length} address(es) are told of incidents`)
      : well(
          'operators',
          'nobody is told of incidents yet: name operators under watch in PUT /v1/admin/settings',
        ),
  ];
}

function sick(finding: Finding, now: Date): Result {
  const { title, remedies } = english[finding.kind](incidentOf(finding, now, false));
  return ill(`run ${finding.task}`, title, remedies.join(' '));
}

async function lastLine(store: Firestore, task: string): Promise<string> {
  const [document] = (await lastRuns(store, task, 1).get()).docs;
  if (!document) return 'has not run yet';
  const { startedAt, outcome, durationMs } = seenRun(document);
  const took = durationMs === null ? '' : ` in ${(durationMs / 1000).toFixed(1)} s`;
  return `${utc(new Date(startedAt))}: ${outcome ?? 'at work'}${took}`;
}
