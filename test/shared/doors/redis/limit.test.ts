import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis } from '../../../../infra/local/redis/redis.ts';
import { localSettings } from '../../../../infra/local/settings.ts';
import { loadConfig } from '../../../../shared/doors/config.ts';
import { requireToken, type TooOften } from '../../../../shared/doors/redis/limit.ts';
import { openRedis } from '../../../../shared/doors/redis/redis.ts';

let engine: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  engine = await startRedis({ prefer: localSettings().prefer });
});
afterAll(() => engine?.stop());

const NOW = Date.UTC(2026, 2, 4, 10);
const redisAt = (url: string, token: string) =>
  openRedis(
    loadConfig({
      GOOGLE_CLOUD_PROJECT: 'p',
      UPSTASH_REDIS_REST_URL: url,
      UPSTASH_REDIS_REST_TOKEN: token,
    }),
  );

/** Takes tokens of a bucket of 60 a minute. Returns the waits, 0 for a token. */
async function takeAll(key: string, instants: readonly number[]): Promise<number[]> {
  const redis = redisAt(engine.url, engine.token);
  const waits: number[] = [];
  for (const at of instants)
    waits.push(
      await requireToken(redis, key, 60, NOW + at).then(
        () => 0,
        (error: TooOften) => error.waitMs,
      ),
    );
  return waits;
}
const times = (count: number, at: number) => Array.from({ length: count }, () => at);

it('gives a minute’s tokens at once, then one a second, and says when the next one comes', async () => {
  expect(await takeAll('burst', times(60, 0))).toEqual(times(60, 0));
  expect(await takeAll('burst', [0, 400, 1_000, 1_000, 2_500])).toEqual([1_000, 600, 0, 1_000, 0]);
  expect(await takeAll('burst', times(61, 120_000))).toEqual([...times(60, 0), 1_000]);
});

it('never refuses one who keeps to the pace, and takes no token for a refusal', async () => {
  const pace = Array.from({ length: 200 }, (_, index) => index * 1_000);
  expect(await takeAll('pace', pace)).toEqual(times(200, 0));
  await takeAll('greedy', times(500, 0));
  expect(await takeAll('greedy', [1_000])).toEqual([0]);
});

it('holds when a clock goes back, for two minutes at most', async () => {
  await takeAll('back', times(60, 0));
  expect(await takeAll('back', [-30_000])).toEqual([31_000]);
  expect(await takeAll('back', [-200_000])).toEqual([0]);
});

it('refuses nobody if Redis does not answer', async () => {
  const away = redisAt('http://127.0.0.1:9', 'token');
  for (let count = 0; count < 100; count += 1) await requireToken(away, 'key', 60, NOW);
  // A Redis that refuses its token is another matter for an operator, and no reason to refuse a user.
  await requireToken(redisAt(engine.url, 'wrong'), 'key', 60, NOW);
});
