import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Timestamp } from '@google-cloud/firestore';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import { type Chromium, startChromium } from '../../support/chromium.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

const STEP_MS = 5_000;
/** A visit counts after this; `pass` subtracts what was spent on it. */
const SETTLE_MS = 300;
const MAX_SETTLED = 3;
const VISITS = '/api/v1/visits';

/** A stored visit; its times are whole seconds since NOW. */
export interface StoredVisit {
  id: string;
  path: string;
  session_id: string;
  start: number;
  lastSign: number;
  end: number | null;
  duration: number | null;
  engaged: number;
  reason: string | null;
  source: string | null;
}

/** The demo site of the local cloud in a real browser, both on one clock that the test moves. */
export interface DemoSite {
  world: World;
  chromium: Chromium;
  /** The reports that the server has answered, oldest first, as `start`, `heartbeat` or `end`. */
  reports: string[];
  /** Opens a page of the site in the given tab or a new one. Resolves when its first report is answered. */
  visit(path: string, page?: Page): Promise<Page>;
  /** Waits until the server has answered this many reports in all. More reports are an error. */
  answered(count: number): Promise<void>;
  /** Lets a visit count, by as much time as that takes. */
  settle(): Promise<void>;
  /** Moves the clock of browser and server forward. */
  pass(seconds: number): Promise<void>;
  /** Waits until the page has no more work, including its requests. */
  idle(page: Page): Promise<void>;
  /** Runs the sweep. */
  sweep(): Promise<void>;
  /** Returns the visits in the order of their starts. */
  stored(): Promise<StoredVisit[]>;
  stop(): Promise<void>;
}

export async function openDemoSite(): Promise<DemoSite> {
  const world = await startWorld();
  const chromium = await startChromium();
  const { context } = chromium;
  const reports: string[] = [];
  const unrecord = record(world.url, reports);
  const allAnswered = awaitAnswers(context);
  const stop = async () => {
    unrecord();
    await chromium.stop();
    await world.stop();
  };
  try {
    await context.clock.install({ time: NOW.getTime() - 60_000 });
    await context.clock.pauseAt(NOW);
  } catch (error) {
    await stop();
    throw error;
  }
  let settledMs = 0;
  /** Lets the visit of a page that has loaded count, until the reports have come. */
  const settle = async (arrived: () => boolean = () => false) => {
    // A page begins its visit when its settings have come; time that passes before is missing from the visit.
    await Promise.all(context.pages().map(untilLoaded));
    await allAnswered();
    if (arrived() || settledMs >= MAX_SETTLED * SETTLE_MS) return;
    settledMs += SETTLE_MS;
    world.clock.advance(SETTLE_MS);
    await context.clock.runFor(SETTLE_MS);
  };
  const answered = async (count: number) => {
    const arrived = async () => {
      await settle(() => reports.length >= count);
      return reports.length;
    };
    try {
      await expect.poll(arrived, { timeout: 10_000, interval: 200 }).toBe(count);
    } catch (cause) {
      throw new Error(`${count} reports are expected, and these came: ${reports.join(' ')}`, { cause });
    }
  };
  return {
    world,
    chromium,
    reports,
    answered,
    settle: () => settle(),
    async visit(path, page) {
      const before = reports.length;
      const tab = page ?? (await context.newPage());
      // In front before it loads: a page that is shown, hidden and shown again sends its last report in between.
      await tab.bringToFront();
      await tab.goto(world.url + path);
      const started = () => reports.slice(before).includes('start');
      const arrived = async () => {
        await settle(started);
        return started();
      };
      await expect.poll(arrived, { timeout: 10_000, interval: 200 }).toBe(true);
      return tab;
    },
    async pass(seconds) {
      const whole = seconds * 1000 - settledMs;
      settledMs = 0;
      for (let left = whole; left > 0; left -= STEP_MS) {
        const step = Math.min(left, STEP_MS);
        world.clock.advance(step);
        await context.clock.runFor(step);
        await allAnswered();
      }
    },
    async idle(page) {
      // After one request and answer of this page, the server has everything that the page sent before.
      await page.evaluate(() => fetch('/demo/settings.json').then((answer) => answer.text()));
    },
    async sweep() {
      const headers = { 'X-Cron-Secret': world.secret };
      const reply = await world.post('/api/v1/monitoring/close-inactive-visits', { headers });
      expect(reply.body.outcome).toMatch(/succeeded|nothing_to_do/);
    },
    stored: () => stored(world),
    stop,
  };
}

/** Playwright’s own wait ends only after 30 seconds if the page came back from the back/forward cache. */
async function untilLoaded(page: Page): Promise<void> {
  const loaded = `document.readyState === 'complete' ||
    new Promise((resolve) => addEventListener('load', () => resolve(true), { once: true }))`;
  // A page that is closed or left does not answer.
  await page.evaluate(loaded).catch(() => undefined);
}

/**
 * Waits until the pages have received their answers. The test's clock also drives the timeout of 20 seconds, which
 * could pass before any answer arrives.
 */
function awaitAnswers(context: BrowserContext): () => Promise<void> {
  const asked = new Set<Request>();
  context.on('request', (request) => asked.add(request));
  context.on('requestfinished', (request) => asked.delete(request));
  context.on('requestfailed', (request) => asked.delete(request));
  return async () => {
    if (asked.size === 0) return;
    // A closed page receives no answer.
    await expect
      .poll(() => asked.size, { interval: 5, timeout: 2_000 })
      .toBe(0)
      .catch(() => asked.clear());
  };
}

/** Records the server's answers. The browser cannot report requests that outlive their page. */
function record(url: string, reports: string[]): () => void {
  const port = new URL(url).port;
  const listener = (message: unknown) => {
    const { request, socket } = message as { request: IncomingMessage; socket: { localPort: number } };
    if (String(socket.localPort) !== port || request.method !== 'POST') return;
    if (request.url?.startsWith(VISITS))
      reports.push(request.url.slice(VISITS.length).split('/')[2] ?? 'start');
  };
  diagnostics.subscribe('http.server.response.finish', listener);
  return () => diagnostics.unsubscribe('http.server.response.finish', listener);
}

async function stored({ store }: World): Promise<StoredVisit[]> {
  const { docs } = await store.collection('page_visits').orderBy('start_time').get();
  const at = (value: Timestamp | null) =>
    value === null ? null : Math.round((value.toMillis() - NOW.getTime()) / 1000);
  const round = (value: number | null) => (value === null ? null : Math.round(value));
  return docs.map((doc) => ({
    id: doc.id,
    path: doc.get('path'),
    session_id: doc.get('session_id'),
    start: at(doc.get('start_time')) as number,
    lastSign: at(doc.get('last_activity_at')) as number,
    end: at(doc.get('end_time')),
    duration: round(doc.get('duration_seconds')),
    engaged: Math.round(doc.get('engaged_seconds')),
    reason: doc.get('close_reason'),
    source: doc.get('duration_source'),
  }));
}
