import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../../functions/console/api.ts';
import { mounted } from '../../../../functions/registry.ts';
import { startIssuer } from '../../../../infra/local/issuer/issuer.ts';
import { type ConsoleWorld, startConsoleWorld, storedRun } from '../../../support/console.ts';
import { at, user } from '../../../support/presence.ts';
import { dump, NOW, visit } from '../../../support/world.ts';

/** A mark in all stored data, so that the tests see any of it in an answer. */
const MARK = 'marked-9f2c';
let console_: ConsoleWorld;
let stranger: Awaited<ReturnType<typeof startIssuer>>;

beforeAll(async () => {
  console_ = await startConsoleWorld();
  stranger = await startIssuer({ clock: console_.world.clock });
  const { store } = console_.world;
  const rows: Record<string, object> = {
    'task_runs/marked': storedRun('close-inactive-visits', 1, { error: MARK }),
    'users/marked': user({ email: `${MARK}@example.test`, display_name: MARK }),
    'settings/presence': { online_threshold_minutes: 21, note: MARK },
    'settings/alerts': { threshold_days: 13, stages: { [MARK]: { threshold_days: 3 } } },
    'page_visits/marked': visit(90, 60, { path: MARK }),
    'tickets/marked': { number: MARK, status: 'active', stage: MARK, created_at: at(NOW) },
    'alert_recipients/marked': { name: MARK, email: `${MARK}@example.test`, active: true },
    'delay_alert_logs/marked': { ticket_number: MARK, recipient: MARK, state: 'sent', sent_at: at(NOW) },
    'incidents/marked': { kind: MARK, task: MARK, opened_at: at(NOW), recovered_at: null },
  };
  for (const [path, fields] of Object.entries(rows)) await store.doc(path).set(fields);
});
afterAll(async () => {
  await console_?.stop();
  await stranger?.stop();
});

/** Every proof that is refused here, and its status. */
const proofs: [string, number, () => Promise<Record<string, string>>][] = [
  ['nobody', 401, async () => ({})],
  ['a plain user', 403, async () => bearer(await console_.world.issuer.userToken('usertest1'))],
  ['an expired token', 401, async () => bearer(await console_.world.issuer.expiredToken())],
  ['a token with a foreign signature', 401, async () => bearer(await console_.world.issuer.foreignToken())],
  ["another issuer's administrator", 401, async () => bearer(await stranger.userToken('admintest1'))],
  [
    'an administrator of another audience',
    401,
    async () => bearer(await console_.world.issuer.userToken('admintest1', { audience: 'other' })),
  ],
  ['the cron secret as a bearer', 403, async () => bearer(console_.world.secret)],
  ['the cron secret in its header', 403, async () => ({ 'X-Cron-Secret': console_.world.secret })],
];
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const addressOf = (path: string) => path.replace(/\{\w+\}/g, 'marked');
/** The originals' pages redirect to the console's; requests for data reach ordinary routes. */
const table = routes.map(({ method, path }): [string, string] => [method, path]);

describe('without an administrator', () => {
  it('there is a route for each part of the console', () => {
    expect(table.length).toBeGreaterThan(10);
    const prefixes = mounted.filter(({ name }) => name === 'console').map(({ prefix }) => prefix);
    for (const [, path] of table) expect(prefixes.some((prefix) => path.startsWith(prefix))).toBe(true);
  });

  it.each(table)('%s %s gives no data and changes nothing', async (method, path) => {
    const { world } = console_;
    const before = await dump(world.store, world.redis);
    for (const [who, status, headers] of proofs) {
      const response = await fetch(world.url + addressOf(path), {
        method,
        headers: { ...(await headers()), 'Content-Type': 'application/json', Accept: 'application/json' },
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      const text = await response.text();
      expect([who, response.status]).toEqual([who, status]);
      expect(Object.keys(JSON.parse(text))).toEqual(['error']);
      expect(text).not.toContain(MARK);
    }
    expect(await dump(world.store, world.redis)).toBe(before);
  });

  it('every GET without a variable shows the data to an administrator, so the mark would be seen', async () => {
    const { body } = await console_.call('GET', '/v1/admin/runs');
    expect(JSON.stringify(body)).toContain(MARK);
    expect(JSON.stringify((await console_.call('GET', '/v1/admin/settings')).body)).toContain(MARK);
    expect(JSON.stringify((await console_.call('GET', '/v1/admin/users')).body)).toContain(MARK);
  });
});
