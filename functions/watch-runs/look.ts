import { type Concern, concernsOf } from '../../shared/domains/watch/concern.ts';
import { findingsOf, isOver } from '../../shared/domains/watch/findings.ts';
import {
  type Finding,
  type Incident,
  openIncidents,
  readIncident,
} from '../../shared/domains/watch/incident.ts';
import type { WatchedJob } from '../../shared/domains/watch/job.ts';
import { readWatchSettings, type WatchSettings } from '../../shared/domains/watch/settings.ts';
import { readState, stateRef, type WatchState } from '../../shared/domains/watch/state.ts';
import { lookForUnknownMail, MAIL_SOURCES } from '../../shared/domains/watch/unknown-mail.ts';
import { asleepFinding, vigilOf } from '../../shared/domains/watch/vigil.ts';
import { lateRuns } from '../../shared/runtime/fan-out/closing.ts';

import { type Look, type LookContext, lookAt, openRuns, runsOf } from './look-at-task.ts';

/** The state of one run: its findings, and the actions that follow. */
export interface WatchRun {
  settings: WatchSettings;
  state: WatchState;
  concerns: Concern[];
}

/**
 * Looks at every task of the schedule; of watch-runs itself only its sleep is judged. Reads only: two settings, the open
 * incidents, the runs that are open or dispatched, and about eight runs per task.
 */
export async function lookAround(
  context: LookContext,
  jobs: readonly WatchedJob[],
  self: WatchedJob,
): Promise<WatchRun> {
  const { store, now } = context;
  const [known, open, own, late, running] = await Promise.all([
    readKnown(context),
    readOpenIncidents(context),
    runsOf(context, self.task),
    lateRuns(store, now),
    openRuns(context),
  ]);
  const vigil = vigilOf(own, self, known.state, now);
  const others = jobs.filter((job) => job !== self);
  const [looks, mails] = await Promise.all([
    Promise.all(others.map((job) => lookAt(context, job, { ...known, vigil, open: running }))),
    Promise.all(MAIL_SOURCES.map((source) => lookForUnknownMail(source, context))),
  ]);
  const findings = [
    ...asleepFinding(vigil, self.task, now, looks),
    ...looks.flatMap(({ view }) => (view ? findingsOf(view) : [])),
    ...mails.flatMap((finding) => finding ?? []),
  ];
  const unreported = late.map(({ id, task }): Concern => ({ id, reason: 'unreported', run: id, task }));
  return { ...known, concerns: [...unreported, ...concernsFrom(looks, findings, open, { ...known, now })] };
}

async function readKnown({ store }: LookContext) {
  const [settings, state] = await store.getAll(store.doc('settings/watch'), stateRef(store));
  if (!settings || !state)
    throw new Error('Firestore returned no settings/watch and watch_state/watchman; run it again.');
  return { settings: readWatchSettings(settings), state: readState(state) };
}

async function readOpenIncidents({ store }: LookContext): Promise<Incident[]> {
  const { docs } = await openIncidents(store).get();
  return docs.map(readIncident);
}

function concernsFrom(
  looks: readonly Look[],
  findings: readonly Finding[],
  open: readonly Incident[],
  { settings, state, now }: { settings: WatchSettings; state: WatchState; now: Date },
): Concern[] {
  const audience = settings.operators.length > 0 || settings.webhook_url !== null;
  const gone = open.filter((incident) => isGone(incident, looks));
  const standing = open.filter((incident) => !gone.includes(incident));
  const isOverNow = (incident: Incident) => hasEnded(incident, looks, findings);
  const troubled = new Set([...findings, ...open].map(({ task }) => task));
  const well = looks.filter(({ job, view, concern }) => view && !concern && !troubled.has(job.task));
  return [
    ...looks.flatMap(({ concern }) => concern ?? []),
    ...gone.map((incident): Concern => ({ id: incident.id, reason: 'withdraw', incident })),
    ...concernsOf(findings, standing, isOverNow, { now, state, audience }),
    ...well.map(({ job }): Concern => ({ id: job.task, reason: 'on_time' })),
  ];
}

/** True for an incident of a task that is paused or no longer scheduled. */
function isGone({ kind, task }: Incident, looks: readonly Look[]): boolean {
  if (kind === 'asleep' || kind === 'unknown_mail') return false;
  return !looks.some(({ job, view }) => job.task === task && view !== null);
}

function hasEnded(incident: Incident, looks: readonly Look[], findings: readonly Finding[]): boolean {
  const { kind, task } = incident;
  if (kind === 'asleep') return false;
  if (kind === 'unknown_mail') return !findings.some((each) => each.kind === kind && each.task === task);
  const view = looks.find(({ job }) => job.task === task)?.view;
  return view ? isOver(incident, view) : false;
}
