import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveLoopback } from '../../infra/local/loopback-server.ts';
import { type Chromium, startChromium, withoutChromium } from '../support/chromium.ts';
import { statusOf } from '../support/presence.ts';
import { clear, startWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
const TYPES: Record<string, string> = {
  js: 'text/javascript',
  html: 'text/html; charset=utf-8',
  css: 'text/css',
};
const folderOf = (app: string) => join(import.meta.dirname, app);
const isInstalled = (app: string) => existsSync(join(folderOf(app), 'node_modules'));
const BUILD_MS = 180_000;
const skipped = (app: string) =>
  withoutChromium() || !isInstalled(app)
    ? ' (skipped: run `npm ci` in its folder, with Chromium on the machine)'
    : '';

let world: World;
let chromium: Chromium | undefined;
beforeAll(async () => {
  world = await startWorld();
  if (!withoutChromium()) chromium = await startChromium();
});
afterAll(async () => {
  await chromium?.stop();
  await world?.stop();
});

/** Installs the package as its guide says, from the function that serves it, and builds the app. */
async function build(app: string): Promise<void> {
  const options = {
    cwd: folderOf(app),
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  };
  const address = `${world.url}/api/v1/visits/client.tgz`;
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--include=dev'];
  await run('npm', ['install', ...quiet, address], options);
  await run('npm', ['run', 'build'], options);
}

/** Serves a built app on an origin of its own, and lets that origin call the functions. */
async function serve(folder: string, settings: object) {
  const server = await serveLoopback(0, async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/settings.json') return void response.end(JSON.stringify(settings));
    const [file = ''] = [path, `${path}.html`, 'index.html']
      .map((name) => join(folder, name))
      .filter((name) => existsSync(name) && /\.\w+$/.test(name));
    response.setHeader('content-type', TYPES[file.split('.').at(-1) ?? ''] ?? 'text/plain');
    response.end(readFileSync(file));
  });
  world.reconfigure({ ALLOWED_ORIGINS: server.url });
  return server;
}

const stored = async () => {
  const { docs } = await world.store.collection('page_visits').get();
  return docs.map((doc) => [doc.get('path'), doc.get('title'), doc.get('close_reason')]);
};
// The server's clock stands still, so that times give no order.
const inOrder = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
const shows = (rows: unknown[]) =>
  expect.poll(async () => inOrder(await stored()), { timeout: 15_000 }).toEqual(inOrder(rows));

describe.skipIf(skipped('vite'))(`an app with Vite, React and React Router${skipped('vite')}`, () => {
  it('installs the client with one command, and reports visits, titles and sign-ins as they are', {
    timeout: BUILD_MS,
  }, async () => {
    await build('vite');
    await clear(world.store, 'page_visits');
    const tokens = await Promise.all([1, 2].map(() => world.issuer.userToken('usertest1')));
    const server = await serve(join(folderOf('vite'), 'dist'), { api: world.url, tokens });
    const page = (await chromium?.context.newPage()) as Page;
    const errors: string[] = [];
    page.on('pageerror', (error) => void errors.push(String(error)));
    await page.goto(server.url);
    // Signed out, nothing is reported; the sign-in inside the app begins the visit.
    await page.waitForTimeout(1_000);
    expect(await stored()).toEqual([]);
    await page.click('#sign');
    await shows([['/', 'Home', null]]);
    await page.click('#old');
    await shows([
      ['/', 'Home', 'navigated'],
      ['/parts', 'Parts', null],
    ]);
    await page.click('#late');
    await page.waitForTimeout(2_000);
    world.clock.advance(3_000);
    await page.click('#sign');
    const first = [
      ['/', 'Home', 'navigated'],
      ['/parts', 'Parts', 'navigated'],
      ['/invoices/:id', 'Invoice', 'logout'],
    ];
    await shows(first);
    await expect.poll(() => statusOf(world), { timeout: 10_000 }).toBe('offline');
    world.clock.advance(3_000);
    await page.click('#sign');
    await shows([...first, ['/invoices/:id', 'Invoice', null]]);
    expect(await statusOf(world)).toBe('online');
    expect(errors).toEqual([]);
    await page.close();
    await server.stop();
  });
});

describe.skipIf(skipped('next'))(`an app with Next and its App Router${skipped('next')}`, () => {
  it('builds without further settings, and reports both of its pages', { timeout: BUILD_MS }, async () => {
    await build('next');
    await clear(world.store, 'page_visits');
    const server = await serve(join(folderOf('next'), 'out'), {});
    const page = (await chromium?.context.newPage()) as Page;
    const token = await world.issuer.userToken('usertest1');
    await page.addInitScript({ content: `settings = ${JSON.stringify({ api: world.url, token })}` });
    await page.goto(server.url);
    await shows([['/', 'Home', null]]);
    await page.click('#parts');
    await shows([
      ['/', 'Home', 'navigated'],
      ['/parts', 'Parts', null],
    ]);
    await page.close();
    await server.stop();
  });
});

it('the packed client is used in plain Node and by TypeScript with nodenext', {
  timeout: 60_000,
}, async () => {
  const { buildPackage } = await import('../../shared/browser/package/build-package.ts');
  const files = await buildPackage();
  const { mkdtemp, mkdir, rm, writeFile } = await import('node:fs/promises');
  const root = join(import.meta.dirname, '../../.local');
  await mkdir(root, { recursive: true });
  const folder = await mkdtemp(join(root, 'client-'));
  try {
    const target = join(folder, 'node_modules/@ronde/browser');
    await mkdir(target, { recursive: true });
    for (const [name, text] of files) await writeFile(join(target, name), text);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const app = `import { keepPresence, trackPageVisits, type TrackOptions } from '@ronde/browser';
import { maskIds } from '@ronde/browser/mask';
import { usePresence } from '@ronde/browser/react';
const options: TrackOptions = { endpoint: '/api/v1/visits', getToken: async () => null, mapPath: maskIds };
export const uses = [keepPresence, usePresence, () => trackPageVisits(options)];
`;
    await writeFile(join(folder, 'app.ts'), app);
    const strict = {
      strict: true,
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      noEmit: true,
    };
    const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = { ...strict, module, moduleResolution, target: 'es2022', types: [] };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
      await run(process.execPath, [tsc], { cwd: folder });
    }
    const { stdout } = await run(
      process.execPath,
      ['-e', "import('@ronde/browser').then((client) => console.log(Object.keys(client).join()))"],
      { cwd: folder },
    );
    expect(stdout.trim()).toBe('keepPresence,trackPageVisits');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
