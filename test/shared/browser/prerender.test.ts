import { afterAll, beforeAll, expect, it } from 'vitest';
import { showInChromium, withoutChromium } from '../../support/chromium.ts';
import { startWorld, type World } from '../../support/world.ts';
import { type OwnSite, startOwnSite } from './own-site.ts';

const missing = withoutChromium();
let world: World;
let site: OwnSite;

const page = (track: string, script: string) => `<!doctype html><title>Page</title>
<script type="module">${track}${script}</script>`;

beforeAll(async () => {
  if (missing) return;
  world = await startWorld();
  site = await startOwnSite(world, ({ endpoint, token }) => {
    const track = `import { trackPageVisits } from '${endpoint}/client.js';
trackPageVisits({ endpoint: '${endpoint}', getToken: () => '${token}' });`;
    const rules = { prerender: [{ source: 'list', urls: ['/second'], eagerness: 'immediate' }] };
    return {
      '/first': page(
        track,
        `document.head.append(Object.assign(document.createElement('script'), {
  type: 'speculationrules', textContent: '${JSON.stringify(rules)}' }));
await fetch('/wait/go');
location.href = '/second';`,
      ),
      // Two round trips after the tracking began: a visit that it had started at once would be at the server by then.
      '/second': page(
        track,
        `await fetch('${endpoint}/client.js', { cache: 'reload' });
await fetch('/tell/' + (document.prerendering ? 'prerendering' : 'shown'));`,
      ),
    };
  });
});
afterAll(async () => {
  await site?.stop();
  await world?.stop();
});

it.skipIf(missing)('a prerendered page is no visit until it is shown', async () => {
  const paths = async () => {
    const { docs } = await world.store.collection('page_visits').orderBy('start_time').get();
    return docs.map((doc) => [doc.get('path'), doc.get('close_reason')]);
  };
  const chromium = showInChromium(`${site.url}/first`);
  try {
    await site.heard('prerendering');
    await expect.poll(paths).toEqual([['/first', null]]);
    site.release('go');
    await expect
      .poll(async () => (await paths()).sort(), { timeout: 10_000 })
      .toEqual([
        ['/first', 'navigated'],
        ['/second', null],
      ]);
  } finally {
    await chromium.stop();
  }
});
