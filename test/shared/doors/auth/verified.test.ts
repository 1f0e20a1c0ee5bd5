import { afterAll, beforeAll, expect, it } from 'vitest';
import { minutes, NOW, startWorld, type World } from '../../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const ping = async (token: string) =>
  (await world.post('/v1/activity/ping', { headers: { Authorization: `Bearer ${token}` } })).status;

it('refuses a verified token once it has expired, after a leeway of 30 s', async () => {
  world.clock.set(NOW);
  const token = await world.issuer.userToken('usertest1', { ttlSeconds: 120 });
  expect(await ping(token)).toBe(204);
  world.clock.advance(149_000);
  expect(await ping(token)).toBe(204);
  // The tolerance for clocks that differ is 30 seconds.
  world.clock.advance(31_000);
  expect(await ping(token)).toBe(401);
});

it('refuses a verified token after the expected audience has changed', async () => {
  world.clock.set(NOW);
  const token = await world.issuer.userToken('usertest1');
  expect(await ping(token)).toBe(204);
  world.reconfigure({ AUTH_AUDIENCE: 'somebody-else' });
  expect(await ping(token)).toBe(401);
  world.reconfigure({});
  expect(await ping(token)).toBe(204);
});

it('verifies a token again after one changed letter', async () => {
  world.clock.set(NOW);
  const token = await world.issuer.userToken('usertest1');
  expect(await ping(token)).toBe(204);
  const [head = '', payload = '', signature = ''] = token.split('.');
  const other = signature.startsWith('A') ? 'B' : 'A';
  expect(await ping([head, payload, other + signature.slice(1)].join('.'))).toBe(401);
  expect(await ping([head, payload, ''].join('.'))).toBe(401);
});

it('checks the signature again after five minutes, not with every ping', async () => {
  world.clock.set(NOW);
  const token = await world.issuer.userToken('usertest1');
  expect(await ping(token)).toBe(204);
  const { keys } = world.deps;
  const asked: string[] = [];
  const counting = (issuer: string) => {
    asked.push(issuer);
    return keys(issuer);
  };
  world.deps.keys = counting;
  try {
    for (let minute = 0; minute < 6; minute += 1) {
      expect(await ping(token)).toBe(204);
      world.clock.advance(minutes(1));
    }
    expect(asked).toHaveLength(2);
  } finally {
    world.deps.keys = keys;
  }
});
