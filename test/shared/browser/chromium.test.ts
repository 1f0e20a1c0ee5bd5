import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoSite, openDemoSite } from '../../infra/local/demo-site.ts';
import { withoutChromium } from '../../support/chromium.ts';
import { minutes } from '../../support/world.ts';

const seconds = (visits: { duration: number | null }[]) =>
  visits.reduce((sum, visit) => sum + (visit.duration ?? 0), 0);

describe.skipIf(withoutChromium())('the demo site in a real browser', () => {
  let site: DemoSite;
  beforeEach(async () => {
    site = await openDemoSite();
  });
  afterEach(() => site?.stop());

  const link = (page: Page, path: string) => page.click(`a[href="${path}"]`);

  it('reports three pages as three visits, each ended as the next begins, the last as its tab closes', async () => {
    const page = await site.visit('/demo/');
    await site.pass(90);
    await site.answered(2);
    await link(page, '/demo/repairs');
    await site.answered(4);
    await site.pass(30);
    await link(page, '/demo/parts');
    await site.answered(6);
    await site.pass(20);
    await page.close();
    await site.answered(7);
    // A page's last word and its successor's first one go out beside each other; all else has its order.
    expect(site.reports.join(' ')).toMatch(
      /^start heartbeat (end start|start end) (end start|start end) end$/,
    );
    const visits = await site.stored();
    expect(visits).toMatchObject([
      { path: '/demo/', start: 0, end: 90, duration: 90, engaged: 90, reason: 'navigated' },
      { path: '/demo/repairs', start: 90, end: 120, duration: 30, engaged: 30, reason: 'navigated' },
      { path: '/demo/parts', start: 120, end: 140, duration: 20, engaged: 20, reason: 'left' },
    ]);
    expect(visits.map((visit) => visit.source)).toEqual(['measured', 'measured', 'measured']);
    expect(new Set(visits.map((visit) => visit.session_id)).size).toBe(1);
  });

  it('sends one last report from a hidden page; hidden time counts as duration, never as engaged', async () => {
    const page = await site.visit('/demo/');
    await site.pass(40);
    const other = await site.chromium.context.newPage();
    await site.answered(2);
    expect(await page.evaluate(() => document.visibilityState)).toBe('hidden');
    expect(await site.stored()).toMatchObject([{ lastSign: 40, engaged: 40, end: null }]);
    await site.pass(20 * 60);
    await site.idle(page);
    expect(site.reports).toEqual(['start', 'heartbeat']);
    await page.bringToFront();
    await site.answered(3);
    expect(await site.stored()).toMatchObject([{ lastSign: 1240, engaged: 40, end: null }]);
    await site.pass(30);
    await page.close();
    await site.answered(4);
    await other.close();
    expect(await site.stored()).toMatchObject([
      { start: 0, end: 1270, duration: 1270, engaged: 70, reason: 'left', source: 'measured' },
    ]);
  });

  it('begins a new visit on a return after more than half an hour, with or without the sweep', async () => {
    const page = await site.visit('/demo/');
    await site.pass(40);
    const other = await site.chromium.context.newPage();
    await site.answered(2);
    await site.pass(31 * 60);
    await page.bringToFront();
    await site.answered(3);
    await site.pass(10);
    await page.close();
    await site.answered(4);
    await other.close();
    expect(await site.stored()).toMatchObject([
      { start: 0, end: 40, duration: 40, engaged: 40, reason: 'timeout' },
      { start: 1900, end: 1910, duration: 10, engaged: 10, reason: 'left' },
    ]);
  });

  it('keeps a page without the focus alive without engaged time', async () => {
    const page = await site.visit('/demo/');
    await site.pass(30);
    // All windows of a headless browser have the focus, so the test takes it away, as a second window would.
    const focus = (has: boolean) =>
      page.evaluate((focused) => {
        document.hasFocus = () => focused;
        window.dispatchEvent(new Event(focused ? 'focus' : 'blur'));
      }, has);
    await focus(false);
    await site.pass(90);
    await site.answered(3);
    expect(await site.stored()).toMatchObject([{ lastSign: 120, engaged: 30, end: null }]);
    await focus(true);
    await site.pass(15);
    await page.close();
    await site.answered(4);
    expect(await site.stored()).toMatchObject([{ duration: 135, engaged: 45, reason: 'left' }]);
  });

  it('back and forward through the back/forward cache are new visits of the same tab', async () => {
    const page = await site.visit('/demo/');
    const keep = () => page.evaluate(() => Object.assign(window, { kept: true }));
    // The page that the cache returns is shown before the other has said its last word: the order is the browser's.
    const arrived = async (path: string, visits: object[]) => {
      const where = () => page.evaluate(() => [location.pathname, 'kept' in window]).catch(() => null);
      await expect.poll(where, { timeout: 10_000 }).toEqual([path, true]);
      const stored = async () => {
        await site.settle();
        return await site.stored();
      };
      await expect.poll(stored, { timeout: 10_000, interval: 300 }).toMatchObject(visits);
    };
    await keep();
    await site.pass(10);
    await link(page, '/demo/repairs');
    await site.answered(3);
    await keep();
    await site.pass(20);
    await page.evaluate(() => history.back());
    const first = { path: '/demo/', start: 0, end: 10, engaged: 10, reason: 'navigated' };
    const second = { path: '/demo/repairs', start: 10, end: 30, engaged: 20, reason: 'navigated' };
    await arrived('/demo/', [first, second, { start: 30, end: null }]);
    await site.pass(30);
    await page.evaluate(() => history.forward());
    const third = { path: '/demo/', start: 30, end: 60, engaged: 30, reason: 'navigated' };
    await arrived('/demo/repairs', [first, second, third, { start: 60, end: null }]);
    await site.pass(40);
    await page.close();
    const fourth = { path: '/demo/repairs', start: 60, end: 100, engaged: 40, reason: 'left' };
    await expect.poll(() => site.stored()).toMatchObject([first, second, third, fourth]);
    const visits = await site.stored();
    expect(new Set(visits.map((visit) => visit.session_id)).size).toBe(1);
    expect(seconds(visits)).toBe(100);
  });

  it('a reload is a new visit of the same tab', async () => {
    const page = await site.visit('/demo/');
    await site.pass(25);
    await page.evaluate(() => location.reload());
    await site.answered(3);
    await site.pass(15);
    await page.reload();
    await site.answered(5);
    const visits = await site.stored();
    expect(visits).toMatchObject([
      { start: 0, end: 25, duration: 25, engaged: 25, reason: 'navigated' },
      // The browser's own button: no event announces a page of the same site, so the visit ends as left.
      { start: 25, end: 40, duration: 15, engaged: 15, reason: 'left' },
      { start: 40, end: null },
    ]);
    expect(new Set(visits.map((visit) => visit.session_id)).size).toBe(1);
  });

  it('two tabs are two sessions that leave each other alone, a duplicated tab too', async () => {
    const first = await site.visit('/demo/');
    await site.pass(10);
    const second = await site.visit('/demo/repairs');
    await site.answered(3);
    await site.pass(10);
    // A page that another opens gets a copy of its sessionStorage, as a duplicated tab does.
    const [third] = await Promise.all([
      site.chromium.context.waitForEvent('page'),
      second.evaluate(() => {
        window.open('/demo/parts');
      }),
    ]);
    await site.answered(4);
    await site.pass(10);
    await link(third, '/demo/repairs');
    await site.answered(6);
    const visits = await site.stored();
    expect(visits).toMatchObject([
      { path: '/demo/', start: 0, lastSign: 10, end: null },
      { path: '/demo/repairs', start: 10, lastSign: 10, end: null },
      { path: '/demo/parts', start: 20, end: 30, reason: 'navigated' },
      { path: '/demo/repairs', start: 30, end: null },
    ]);
    const [one, two, three, four] = visits.map((visit) => visit.session_id);
    expect(new Set([one, two, three]).size).toBe(3);
    expect(four).toBe(three);
    await first.close();
  });

  it('loses nothing in two heartbeats without a network, nor a page that came and went', async () => {
    const page = await site.visit('/demo/');
    await site.pass(30);
    await site.chromium.context.setOffline(true);
    await site.pass(130);
    await link(page, '/demo/help');
    await site.pass(20);
    await page.evaluate(() => history.pushState(null, '', '/demo/parts'));
    await site.pass(10);
    expect(site.reports).toEqual(['start']);
    expect(await site.stored()).toMatchObject([{ lastSign: 0, end: null }]);
    await site.chromium.context.setOffline(false);
    await site.answered(5);
    expect(site.reports.slice(1)).toEqual(['end', 'start', 'end', 'start']);
    expect(await site.stored()).toMatchObject([
      { path: '/demo/', start: 0, end: 160, duration: 160, engaged: 160, reason: 'navigated' },
      { path: '/demo/help', start: 160, end: 180, duration: 20, engaged: 20, reason: 'navigated' },
      { path: '/demo/parts', start: 180, lastSign: 180, end: null },
    ]);
  });

  it('leaves the last heartbeat of a killed browser to the sweep', async () => {
    await site.visit('/demo/');
    await site.pass(170);
    await site.answered(3);
    await site.chromium.kill();
    site.world.clock.advance(minutes(35));
    await site.sweep();
    expect(await site.stored()).toMatchObject([
      { start: 0, end: 120, duration: 120, engaged: 120, reason: 'timeout', source: 'measured' },
    ]);
  });

  it('follows a visit that the server closed by another, once the person is there', async () => {
    const page = await site.visit('/demo/');
    await site.pass(30);
    const { id } = (await site.stored())[0] as { id: string };
    const token = await site.world.issuer.userToken('usertest1');
    await site.world.post(`/api/v1/visits/${id}/end`, { headers: { Authorization: `Bearer ${token}` } });
    await site.answered(2);
    await site.pass(30);
    await site.answered(4);
    expect(site.reports.slice(2)).toEqual(['heartbeat', 'start']);
    expect(await site.stored()).toMatchObject([
      { start: 0, end: 30, reason: 'left' },
      { start: 60, end: null },
    ]);
    await page.close();
  });

  it('renews a refused token once and stops for good if that one is refused', async () => {
    // Presence would find the refused token, and renew it, before the heartbeat does.
    await site.chromium.context.route('**/v1/activity/ping', (route) => route.fulfill({ status: 204 }));
    const page = await site.visit('/demo/');
    const expired = await site.world.issuer.expiredToken();
    await page.evaluate((token) => sessionStorage.setItem('demo.token', token), expired);
    await site.pass(60);
    await site.answered(3);
    expect(await site.stored()).toMatchObject([{ lastSign: 60 }]);
    await site.chromium.context.route('**/token', (route) =>
      route.fulfill({ json: { access_token: expired } }),
    );
    await page.evaluate((token) => sessionStorage.setItem('demo.token', token), expired);
    await site.pass(60);
    await site.answered(5);
    await site.pass(300);
    await link(page, '/demo/help');
    await site.pass(60);
    await site.idle(page);
    expect(site.reports).toEqual(['start', ...Array(4).fill('heartbeat')]);
    expect(await site.stored()).toMatchObject([{ lastSign: 60, end: null }]);
  });

  it('signing out ends the visit as a logout and the session of the tab', async () => {
    const page = await site.visit('/demo/');
    await site.pass(20);
    await page.click('#sign');
    await site.answered(2);
    await site.pass(120);
    await site.idle(page);
    expect(site.reports).toEqual(['start', 'end']);
    await page.click('#sign');
    await site.answered(3);
    const visits = await site.stored();
    expect(visits).toMatchObject([
      { start: 0, end: 20, engaged: 20, reason: 'logout' },
      { start: 140, end: null },
    ]);
    expect(visits[0]?.session_id).not.toBe(visits[1]?.session_id);
  });

  it('shows in the page’s language whether the account is online to administrators', async () => {
    const page = await site.visit('/demo/?lang=fr');
    const online = () => page.textContent('#online');
    const refreshed = async () => {
      await site.pass(5);
      return await online();
    };
    await expect.poll(refreshed, { timeout: 10_000 }).toMatch(/^en ligne pour les administrateurs/);
    await page.click('#sign');
    await expect.poll(refreshed, { timeout: 10_000 }).toMatch(/^hors ligne pour les administrateurs/);
    await page.click('#language');
    await expect.poll(refreshed, { timeout: 10_000 }).toMatch(/^offline to administrators/);
  });
});
