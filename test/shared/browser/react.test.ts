import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Chromium, startChromium, withoutChromium } from '../../support/chromium.ts';
import { statusOf } from '../../support/presence.ts';
import { startWorld, type World } from '../../support/world.ts';
import { type OwnSite, startOwnSite } from './own-site.ts';

/** React's development build, in which strict mode runs every effect twice. */
async function bundleApp(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'react-app.ts')],
    bundle: true,
    format: 'esm',
    write: false,
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]?.text ?? '';
}

describe.skipIf(withoutChromium())('the React hook, in strict mode and across origins', () => {
  let world: World;
  let site: OwnSite;
  let chromium: Chromium;
  beforeEach(async () => {
    world = await startWorld();
    const app = await bundleApp();
    site = await startOwnSite(world, (settings) => ({
      '/': `<!doctype html><title>App</title><body><script>SETTINGS = ${JSON.stringify(settings)}</script>
<script type="module" src="/app.js"></script>`,
      '/app.js': app,
    }));
    chromium = await startChromium();
  });
  afterEach(async () => {
    await chromium?.stop();
    await site?.stop();
    await world?.stop();
  });

  const visits = async () => {
    const { docs } = await world.store.collection('page_visits').get();
    const rows = docs.map((doc) => [doc.get('path'), doc.get('title'), doc.get('close_reason')]);
    return rows.sort(([a], [b]) => String(b).localeCompare(String(a)));
  };
  const stored = (rows: unknown[]) => expect.poll(visits, { timeout: 10_000 }).toEqual(rows);

  it('begins one visit, another for each change of the path, and ends the last at the logout', async () => {
    const page = await chromium.context.newPage();
    await page.goto(site.url);
    await stored([['/list', 'App /list', null]]);
    await page.click('#again');
    await page.click('#detail');
    const list = ['/list', 'App /list', 'navigated'];
    await stored([list, ['/detail', 'App /detail', null]]);
    await page.click('#logout');
    await stored([list, ['/detail', 'App /detail', 'logout']]);
  });

  it('shows the user as online after one ping despite strict mode, and as offline after the logout', async () => {
    const pings: string[] = [];
    const page = await chromium.context.newPage();
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().includes('/v1/a'))
        pings.push(request.url().split('/').at(-1) ?? '');
    });
    await page.goto(site.url);
    const shown = () => statusOf(world);
    await expect.poll(shown, { timeout: 10_000 }).toBe('online');
    // The server's clock stands still; a sign of life in the logout's own millisecond would be a tie.
    world.clock.advance(1000);
    await page.click('#logout');
    await expect.poll(shown, { timeout: 10_000 }).toBe('offline');
    expect(pings).toEqual(['ping', 'logout']);
  });

  it('ends the visit when its component unmounts', async () => {
    const page = await chromium.context.newPage();
    await page.goto(site.url);
    await stored([['/list', 'App /list', null]]);
    await page.evaluate(() => (window as unknown as { unmount(): void }).unmount());
    await stored([['/list', 'App /list', 'left']]);
  });
});
