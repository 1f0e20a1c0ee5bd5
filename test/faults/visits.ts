import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Timestamp } from '@google-cloud/firestore';
import { systemClock } from '../../shared/doors/clock.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { killAt, killPoint, type WorkSize } from './harness/kill.ts';
import { type FaultCase, type FaultPlan, type FaultRun, refuse } from './harness/plan.ts';
import { between } from './harness/random.ts';
import type { FaultStage } from './harness/stage.ts';
import { sendVisit } from './harness/visit-call.ts';

const NAME = 'visits';
const TABS = 40;
const HEARTBEATS = 6;
/** The visits had been open for this long when their start was reported. */
const READ_MS = 600_000;
const ENGAGED_MS = 1_000;
/** A report is answered within 10 s even while the store hangs; the rest allows for a busy machine. */
const ANSWER_MS = 20_000;
const RETRY_MS = 50;

/** The visit of one tab with the server's promises to its browser. */
interface VisitTab {
  id: string;
  /** The time of the last acknowledged report. */
  sentAt: number;
  /** Engaged time in the last acknowledged report. */
  engagedMs: number;
  ended: boolean;
}

/** The process that serves now; after a kill it is another one. */
interface VisitService {
  child: FunctionProcess;
  token: string;
  violations: string[];
}

/**
 * Reports start, heartbeats and end in turn, like a browser, and repeats each until it is answered. A repeated end is
 * answered 409 if the first answer was lost.
 */
async function report(
  tab: VisitTab,
  service: VisitService,
  path: string,
  body: Record<string, unknown>,
): Promise<void> {
  for (;;) {
    const sentAt = systemClock().getTime();
    const status = await sendVisit(service.child.url, path, service.token, body);
    if (systemClock().getTime() - sentAt > ANSWER_MS)
      service.violations.push(`answer: a report of ${tab.id} took more than ${ANSWER_MS} ms`);
    const closed = status === 409 && path.endsWith('/end');
    if (status === 200 || status === 201 || closed) {
      if (!closed) Object.assign(tab, { sentAt, engagedMs: Number(body.engaged_ms) });
      return;
    }
    if (status !== null && status !== 503)
      service.violations.push(`answer: ${status} for ${path.replace(tab.id, '{id}')}`);
    await delay(RETRY_MS);
  }
}

async function browse(tab: VisitTab, service: VisitService): Promise<void> {
  const start = { visit_id: tab.id, session_id: `tab-${tab.id}`, path: '/', elapsed_ms: READ_MS };
  await report(tab, service, '', { ...start, engaged_ms: 0 });
  for (let beat = 1; beat <= HEARTBEATS; beat += 1)
    await report(tab, service, `/${tab.id}/heartbeat`, { engaged_ms: beat * ENGAGED_MS });
  await report(tab, service, `/${tab.id}/end`, { engaged_ms: (HEARTBEATS + 1) * ENGAGED_MS });
  tab.ended = true;
}

/** Requires that the store holds at least everything that was acknowledged. */
async function lost(stage: FaultStage, tabs: readonly VisitTab[]): Promise<string[]> {
  const acknowledged = tabs.filter(({ sentAt }) => sentAt > 0);
  if (acknowledged.length === 0) return [];
  const collection = stage.store().collection('page_visits');
  const docs = await stage.store().getAll(...acknowledged.map(({ id }) => collection.doc(id)));
  return docs.flatMap((doc, index) => {
    const { id, sentAt, engagedMs, ended } = acknowledged[index] as VisitTab;
    if (!doc.exists) return [`lost: ${id} was acknowledged and is not there`];
    const faults: string[] = [];
    const activity = (doc.get('last_activity_at') as Timestamp).toMillis();
    const end = (doc.get('end_time') as Timestamp | null)?.toMillis() ?? null;
    const start = (doc.get('start_time') as Timestamp).toMillis();
    if (activity < sentAt) faults.push(`lost: a heartbeat of ${id}, ${sentAt - activity} ms`);
    if (Number(doc.get('engaged_seconds')) * 1000 < engagedMs) faults.push(`lost: engaged time of ${id}`);
    if (ended && end === null) faults.push(`lost: the end of ${id}`);
    if (end !== null && (end < sentAt || doc.get('duration_seconds') !== (end - start) / 1000))
      faults.push(`wrong: ${id} ended at ${end}, acknowledged at ${sentAt}`);
    return faults;
  });
}

const newTabs = (): VisitTab[] =>
  Array.from({ length: TABS }, () => ({ id: randomUUID(), sentAt: 0, engagedMs: 0, ended: false }));

const start = ({ bundles }: FaultRun, environment: Record<string, string>) =>
  // One user sends for forty tabs at once.
  startFunction(NAME, bundles, { ...environment, VISITS_PER_MINUTE: '999999' });

let undisturbed: Promise<WorkSize> | undefined;

async function measure(run: FaultRun): Promise<WorkSize> {
  const { stage } = run;
  const tabs = newTabs();
  const service = await openService(run, stage.tapped);
  stage.tap.reset();
  const begun = performance.now();
  await Promise.all(tabs.map((tab) => browse(tab, service)));
  const measured = { ms: performance.now() - begun, chunks: stage.tap.sent() };
  await service.child.kill();
  refuse([...service.violations, ...(await lost(stage, tabs))]);
  return measured;
}

async function openService(run: FaultRun, environment: Record<string, string>): Promise<VisitService> {
  const token = await run.stage.issuer.userToken('usertest1');
  return { child: await start(run, environment), token, violations: [] };
}

const kill: FaultCase = {
  name: 'kill',
  claim: 'a process killed under traffic loses no acknowledged start, heartbeat or end',
  runs: { sample: 1, full: 50 },
  async once(run) {
    const { stage, random } = run;
    undisturbed ??= measure(run);
    const known = await undisturbed;
    const point = killPoint(random);
    await stage.reset();
    const tabs = newTabs();
    const service = await openService(run, stage.tapped);
    const callOff = killAt(point, known, stage.tap, service.child);
    const traffic = Promise.all(tabs.map((tab) => browse(tab, service)));
    const first = service.child;
    const inTraffic = await Promise.race([first.gone.then(() => true), traffic.then(() => false)]);
    callOff();
    try {
      const early = await lost(stage, tabs);
      if (inTraffic) service.child = await start(run, stage.environment);
      await traffic;
      refuse([...service.violations, ...early, ...(await lost(stage, tabs))]);
    } finally {
      await Promise.all([first.kill(), service.child.kill()]);
    }
    return { kills: 1, 'in mid-run': inTraffic ? 1 : 0 };
  },
};

const paused: FaultCase = {
  name: 'firestore-paused',
  claim:
    'reports that come while Firestore hangs are answered in time, and none that was acknowledged is lost',
  runs: { sample: 1, full: 10 },
  async once(run) {
    const { stage, random } = run;
    await stage.reset();
    const tabs = newTabs();
    const service = await openService(run, stage.environment);
    try {
      const traffic = Promise.all(tabs.map((tab) => browse(tab, service)));
      await delay(between(random, 0, 500));
      stage.engines.firestore.pause();
      await delay(between(random, 200, 2_000));
      stage.engines.firestore.resume();
      await traffic;
      refuse([...service.violations, ...(await lost(stage, tabs))]);
      return { reports: TABS * (HEARTBEATS + 2) };
    } finally {
      stage.engines.firestore.resume();
      await service.child.kill();
    }
  },
};

/** The visits API under traffic. It has no runs, only promises to browsers. */
export const visits: FaultPlan = { name: NAME, functions: [NAME], cases: [kill, paused] };
