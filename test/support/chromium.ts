import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { findBrowser } from '../../infra/local/programs.ts';

const found = findBrowser(process.env);
const CHROMIUM = typeof found === 'string' ? found : 'chromium';
const START_MS = 30_000;
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

export interface Chromium {
  browser: Browser;
  /** The browser's own profile, with real visibility, focus and back/forward cache. */
  context: BrowserContext;
  /** Sends SIGKILL to all of the browser's processes, like a crash of the machine. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Returns true, with a warning, if Chromium is missing. (With RONDE_ENGINES=real no test runs without it.) */
export function withoutChromium(): boolean {
  if (typeof found === 'string') return false;
  process.stdout.write(`SKIPPED: whatever needs a browser. ${found.missing}\n`);
  return true;
}

/**
 * Starts a headless Chromium with a new profile and connects Playwright to it. Playwright's own launcher would make
 * every page visible and focused and switch the back/forward cache off.
 */
export async function startChromium(): Promise<Chromium> {
  const { child, ended, end } = launch(['--remote-debugging-port=0', 'about:blank']);
  const browser = await devtools(child, ended)
    .then((endpoint) => chromium.connectOverCDP(endpoint, { noDefaults: true }))
    .catch(async (error: unknown) => {
      await end();
      throw error;
    });
  const [context] = browser.contexts();
  if (!context) throw new Error('Chromium started without a profile');
  return {
    browser,
    context,
    kill: end,
    async stop() {
      await browser.close().catch(() => undefined);
      await end();
    },
  };
}

/**
 * Starts a headless Chromium that shows one page without developer tools. Only then does it prerender, as it does for
 * people.
 */
export function showInChromium(url: string): { stop(): Promise<void> } {
  const { end } = launch([url]);
  return { stop: end };
}

function launch(args: readonly string[]) {
  const profile = mkdtempSync(join(tmpdir(), 'ronde-chromium-'));
  const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Signals the group, since the browser has one process per page. An ended group has no process to signal.
  const kill = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {}
  };
  // Stops the browser even if the test fails before stopping it.
  process.once('exit', kill);
  const end = async () => {
    process.off('exit', kill);
    kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  return { child, ended, end };
}

function devtools(child: ChildProcess, ended: Promise<void>): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = () => reject(new Error(`${CHROMIUM} did not start: ${text.slice(-500)}`));
    const timer = setTimeout(fail, START_MS);
    ended.then(fail);
    child.once('error', fail);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const [, endpoint] = /DevTools listening on (\S+)/.exec(text) ?? [];
      if (!endpoint) return;
      clearTimeout(timer);
      resolve(endpoint);
    });
  });
}
