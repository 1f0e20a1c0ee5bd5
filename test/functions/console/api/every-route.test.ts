import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../../functions/console/api.ts';
import { mounted } from '../../../../functions/registry.ts';
import { dump, startWorld, type World } from '../../../support/world.ts';

let world: World;
let strangers: Record<string, string>;

beforeAll(async () => {
  world = await startWorld();
  const elsewhere = await world.issuer.googleToken({ email: 'somebody@example.test', audience: world.url });
  strangers = {
    'nobody: 401': '',
    'a plain user: 403': `Bearer ${await world.issuer.userToken('usertest1')}`,
    'an expired token: 401': `Bearer ${await world.issuer.userToken('admintest1', { ttlSeconds: -3600 })}`,
    'a token of another issuer: 401': `Bearer ${await world.issuer.foreignToken()}`,
    'a Google account that is no operator: 403': `Bearer ${elsewhere}`,
    'the cron secret: 403': `Bearer ${world.secret}`,
  };
});
afterAll(() => world?.stop());

/** Every route of the admin API, so that a new one is tested without an entry here. */
const table = routes.map(({ method, path }) => [method, path] as const);

describe('every admin route', () => {
  it.each(table)('%s %s gives strangers nothing and leaves no trace', async (method, path) => {
    const before = await dump(world.store, world.redis);
    for (const [who, authorization] of Object.entries(strangers)) {
      const response = await fetch(world.url + path.replace(/\{\w+\}/g, 'some-id'), {
        method,
        headers: { 'Content-Type': 'application/json', ...(authorization ? { authorization } : {}) },
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      expect(`${who.split(':')[0]}: ${response.status}`).toBe(who);
      expect(Object.keys((await response.json()) as object)).toEqual(['error']);
    }
    expect(await dump(world.store, world.redis)).toBe(before);
    expect(world.smtp.mails()).toEqual([]);
  });

  it.each(table)('%s %s is reached through the console function', (_method, path) => {
    const row = mounted
      .filter(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
      .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
    expect(row?.name).toBe('console');
  });
});
