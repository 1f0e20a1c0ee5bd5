import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { serveLoopback } from '../../../infra/local/loopback-server.ts';
import { type Chromium, startChromium } from '../../support/chromium.ts';
import { session } from '../../support/presence.ts';
import { NOW, startWorld, type World } from '../../support/world.ts';

const STEP_MS = 1_000;
const WAIT = { timeout: 15_000 };

/** An answered request: `ping 204`, and its seconds since NOW. */
interface Answered {
  what: string;
  at: number;
}

/** A site of its own origin that keeps its visitors' presence, in a real browser, both on one clock moved by hand. */
export interface PresenceSite {
  world: World;
  chromium: Chromium;
  answered: Answered[];
  /** The responses of the server, oldest first. */
  words(): string[];
  /** Opens a tab for a token, in front of the others; without Web Locks, or with another Math.random, if asked. */
  tab(token: string, options?: { locks?: boolean; window?: boolean; chance?: number }): Promise<Page>;
  /** A fresh session's token. */
  token(userId?: string, claims?: Record<string, unknown>): Promise<string>;
  /** Waits until the server has answered N requests; more are an error. */
  count(count: number): Promise<void>;
  /** Lets this much time pass for the browser and the server alike, each ping answered before it goes on. */
  pass(seconds: number): Promise<void>;
  /** Waits until the pages have been through what they had to do, their requests and elections included. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** The middle of what is left to chance, so that a minute is a minute. */
const NO_JITTER = 0.5;

export async function openPresenceSite(): Promise<PresenceSite> {
  const world = await startWorld();
  const server = await serveLoopback(0, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
  });
  world.reconfigure({ ALLOWED_ORIGINS: server.url });
  const chromium = await startChromium();
  const { context } = chromium;
  const answered: Answered[] = [];
  const unrecord = record(world, answered);
  await context.clock.install({ time: NOW.getTime() - 60_000 });
  await context.clock.pauseAt(NOW);
  const settle = () => settled(context);
  return {
    world,
    chromium,
    answered,
    settle,
    words: () => answered.map(({ what }) => what),
    token: async (userId, claims) => (await session(world, userId, claims)).token,
    count: (count) => expect.poll(() => answered.length, WAIT).toBe(count),
    async tab(token, { locks = true, window = false, chance = NO_JITTER } = {}) {
      const page = window ? await newWindow(chromium) : await context.newPage();
      await page.goto(server.url);
      await page.bringToFront();
      await page.evaluate(`Math.random = () => ${chance}`);
      if (!locks) await page.evaluate('Object.defineProperty(navigator, "locks", { value: undefined })');
      await page.evaluate(
        (options) => (window as unknown as { begin(options: object): Promise<void> }).begin(options),
        { token, endpoint: `${world.url}/v1` },
      );
      return page;
    },
    async pass(seconds) {
      for (let left = seconds * 1000; left > 0; left -= STEP_MS) {
        world.clock.advance(STEP_MS);
        await context.clock.runFor(STEP_MS);
        await settle();
      }
    },
    async stop() {
      unrecord();
      await chromium.stop();
      await server.stop();
      await world.stop();
    },
  };
}

/** The page's own script: `begin` keeps the presence, `test` holds what the test looks at. */
const SCRIPT = `
const { fetch } = window;
window.test = { pending: new Set(), token: '', ended: '', refreshed: 0 };
window.fetch = (...request) => {
  const answer = fetch(...request);
  const done = answer.catch(() => undefined);
  test.pending.add(done);
  done.then(() => test.pending.delete(done));
  return answer;
};
window.begin = async ({ token, endpoint }) => {
  const { keepPresence } = await import(endpoint + '/activity/client.js');
  test.token = token;
  const getToken = (refresh) => {
    test.refreshed += Number(refresh);
    return test.token;
  };
  window.presence = keepPresence({ endpoint, getToken, onEnd: (reason) => { test.ended = reason; } });
};`;
const PAGE = `<!doctype html><title>Presence</title><link rel="icon" href="data:,"><script>${SCRIPT}</script>`;

/** A second window, so that two pages are visible at once. */
async function newWindow({ browser, context }: Chromium): Promise<Page> {
  const devtools = await browser.newBrowserCDPSession();
  const [page] = await Promise.all([
    context.waitForEvent('page'),
    devtools.send('Target.createTarget', { url: 'about:blank', newWindow: true }),
  ]);
  return page;
}

/** Twice through the locks of every page, the requests that each has under way, and its promises. */
async function settled(context: BrowserContext): Promise<void> {
  for (let pass = 0; pass < 2; pass += 1) {
    for (const page of context.pages()) {
      await page.evaluate(async () => {
        const { test } = window as unknown as { test?: { pending: Set<Promise<unknown>> } };
        await navigator.locks?.query();
        while (test && test.pending.size > 0) await Promise.all(test.pending);
      });
    }
  }
}

function record(world: World, answered: Answered[]): () => void {
  const { port } = new URL(world.url);
  const listener = (message: unknown) => {
    const { request, response, socket } = message as {
      request: IncomingMessage;
      response: ServerResponse;
      socket: { localPort: number };
    };
    if (String(socket.localPort) !== port || request.method !== 'POST') return;
    const what = `${request.url?.split('/').at(-1)} ${response.statusCode}`;
    answered.push({ what, at: (world.clock().getTime() - NOW.getTime()) / 1000 });
  };
  diagnostics.subscribe('http.server.response.finish', listener);
  return () => diagnostics.unsubscribe('http.server.response.finish', listener);
}
