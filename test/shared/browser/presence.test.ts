import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withoutChromium } from '../../support/chromium.ts';
import { statusOf } from '../../support/presence.ts';
import { openPresenceSite, type PresenceSite } from './presence-site.ts';

/** The state that the test's page keeps beside the module. */
type Test = {
  test: { token: string; ended: string; refreshed: number };
  presence: { stop(): void; logout(): Promise<boolean> };
};
const test = (page: Page) => page.evaluate(() => ({ ...(window as unknown as Test).test, pending: 0 }));
const logout = (page: Page) => page.evaluate(() => (window as unknown as Test).presence.logout());
const visibility = (page: Page) => page.evaluate(() => document.visibilityState);

describe.skipIf(withoutChromium())('presence in a real browser', () => {
  let site: PresenceSite;
  beforeEach(async () => {
    site = await openPresenceSite();
  });
  afterEach(() => site?.stop());

  const times = () => site.answered.filter(({ what }) => what.startsWith('ping')).map(({ at }) => at);
  const hideAll = async () => {
    const page = await site.chromium.context.newPage();
    await page.bringToFront();
    return page;
  };

  it('pings every minute from one of three tabs, the visible one', async () => {
    const token = await site.token();
    const first = await site.tab(token);
    await site.count(1);
    await site.tab(token);
    await site.tab(token);
    await site.pass(150);
    await first.bringToFront();
    await site.pass(150);
    expect(times()).toEqual([0, 60, 120, 180, 240, 300]);
    expect(new Set(site.words())).toEqual(new Set(['ping 204']));
    expect(await statusOf(site.world)).toBe('online');
  });

  it('pings from one of two visible windows, and from the other once it closes', async () => {
    const token = await site.token();
    const first = await site.tab(token);
    await site.count(1);
    const second = await site.tab(token, { window: true });
    expect([await visibility(first), await visibility(second)]).toEqual(['visible', 'visible']);
    await site.pass(120);
    expect(times()).toEqual([0, 60, 120]);
    await first.close();
    await site.pass(60);
    expect(times()).toEqual([0, 60, 120, 180]);
  });

  it('without Web Locks two visible windows still ping once a minute between them', async () => {
    const token = await site.token();
    await site.tab(token, { locks: false });
    await site.count(1);
    const other = await site.tab(token, { locks: false, window: true, chance: 0.9 });
    expect(await visibility(other)).toBe('visible');
    await site.pass(130);
    expect(times()).toEqual([0, 62, 123]);
  });

  it('hidden tabs send nothing; the first that is shown again pings at once', async () => {
    const token = await site.token();
    const page = await site.tab(token);
    await site.tab(token);
    await site.count(1);
    await hideAll();
    await site.pass(20 * 60);
    expect(times()).toEqual([0]);
    expect(await statusOf(site.world)).toBe('offline');
    await page.bringToFront();
    await site.count(2);
    expect(times()).toEqual([0, 1200]);
    expect(await statusOf(site.world)).toBe('online');
  });

  it('showing and hiding a hundred times within a minute costs no ping', async () => {
    const page = await site.tab(await site.token());
    await site.count(1);
    await page.evaluate(() => {
      let state = 'visible';
      Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
      for (let turn = 0; turn < 200; turn += 1) {
        state = turn % 2 === 0 ? 'hidden' : 'visible';
        document.dispatchEvent(new Event('visibilitychange'));
      }
    });
    await site.pass(50);
    expect(times()).toEqual([0]);
    await site.pass(10);
    expect(times()).toEqual([0, 60]);
  });

  it('ends all tabs of the session at a logout and reports it to the server once', async () => {
    const token = await site.token();
    const tabs = [await site.tab(token), await site.tab(token), await site.tab(token)];
    await site.count(1);
    expect(await logout(tabs[1] as Page)).toBe(true);
    await expect.poll(async () => (await test(tabs[0] as Page)).ended).toBe('logout');
    await expect.poll(async () => (await test(tabs[2] as Page)).ended).toBe('logout');
    expect((await test(tabs[1] as Page)).ended).toBe('');
    await site.pass(180);
    for (const tab of tabs) {
      await tab.bringToFront();
      await site.settle();
    }
    expect(site.words()).toEqual(['ping 204', 'logout 204']);
    expect(await statusOf(site.world)).toBe('offline');
  });

  it('a logout leaves another account alone, and another session of the same account', async () => {
    const mine = await site.tab(await site.token('usertest1'));
    await site.count(1);
    const other = await site.tab(await site.token('usertest2'));
    await site.count(2);
    const session = await site.tab(await site.token('usertest1', { sid: 'another' }));
    await logout(mine);
    await site.count(3);
    await site.pass(60);
    expect(site.words()).toEqual(['ping 204', 'ping 204', 'logout 204', 'ping 204']);
    expect(await statusOf(site.world, 'usertest1')).toBe('online');
    await other.bringToFront();
    await site.count(5);
    expect([(await test(other)).ended, (await test(session)).ended]).toEqual(['', '']);
  });

  it('waits longer after each failure of Redis, at least as long as Retry-After says, and recovers', async () => {
    await site.tab(await site.token());
    await site.count(1);
    await site.world.redisEngine.stopEngine();
    await site.pass(60 + 67.5 + 135 + 0.5);
    expect(site.words()).toEqual(['ping 204', 'ping 503', 'ping 503', 'ping 503']);
    const [, first = 0, second = 0, third = 0] = times();
    expect(first).toBe(60);
    expect(second - first).toBeGreaterThanOrEqual(60);
    expect(third - second).toBeGreaterThanOrEqual(120);
    await site.world.redisEngine.restart();
    await site.pass(271);
    expect(site.words().at(-1)).toBe('ping 204');
    const before = site.answered.length;
    await site.pass(60);
    expect(site.answered.length).toBe(before + 1);
  });

  it('waits without a network and pings at once when it is back', async () => {
    await site.tab(await site.token());
    await site.count(1);
    await site.chromium.context.setOffline(true);
    await site.pass(90);
    expect(times()).toEqual([0]);
    await site.chromium.context.setOffline(false);
    await site.count(2);
    expect(times()).toEqual([0, 90]);
    await site.pass(60);
    expect(times()).toEqual([0, 90, 150]);
  });

  it('renews a refused token once; if that one is refused, it stops for good and reports it', async () => {
    const page = await site.tab(await site.token());
    await site.count(1);
    const expired = await site.world.issuer.expiredToken();
    await page.evaluate((token) => {
      (window as unknown as Test).test.token = token;
    }, expired);
    await site.pass(60);
    await site.count(3);
    await site.pass(600);
    expect(site.words()).toEqual(['ping 204', 'ping 401', 'ping 401']);
    expect(await test(page)).toMatchObject({ ended: 'denied', refreshed: 1 });
  });
});
