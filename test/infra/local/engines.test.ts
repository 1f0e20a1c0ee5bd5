import { Firestore, Timestamp } from '@google-cloud/firestore';
import { Redis } from '@upstash/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalFirestore, startFirestore } from '../../../infra/local/firestore/firestore.ts';
import { type LocalRedis, startRedis } from '../../../infra/local/redis/redis.ts';

const { FIRESTORE_EMULATOR_HOST: _shared, ...env } = process.env;
const PREFERENCES = ['real', 'embedded'] as const;

/** Returns true, with a warning, if the real engine is not installed. Throws any other failure to start. */
async function absent(start: () => Promise<{ stop(): Promise<void> }>): Promise<boolean> {
  try {
    await (await start()).stop();
    return false;
  } catch (thrown) {
    if (!/no (java|jar|redis-server)/.test(String(thrown))) throw thrown;
    console.warn(`SKIPPED: ${thrown}`);
    return true;
  }
}

function alive(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}

const noRedis = await absent(() => startRedis({ prefer: 'real', env }));
const noEmulator = await absent(() => startFirestore({ prefer: 'real', env, project: 'ronde-engines' }));

describe.each(PREFERENCES)('the Upstash bridge over the %s Redis', (prefer) => {
  const it_ = it.skipIf(prefer === 'real' && noRedis);
  let local: LocalRedis;
  let redis: Redis;

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${local.url}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${local.token}`, ...headers },
    });

  beforeAll(async () => {
    if (prefer === 'real' && noRedis) return;
    local = await startRedis({ prefer, env });
    redis = new Redis({ url: local.url, token: local.token, retry: false, enableTelemetry: false });
  });
  afterAll(() => local?.stop());

  it_('sets a key once under NX and lets it expire', async () => {
    expect(await redis.set('once', 'a', { nx: true, px: 150 })).toBe('OK');
    expect(await redis.set('once', 'b', { nx: true, px: 150 })).toBeNull();
    expect(await redis.get('once')).toBe('a');
    await expect.poll(() => redis.get('once')).toBeNull();
  });

  it_('lets one of 200 racers win', async () => {
    const race = Array.from({ length: 200 }, (_, i) => redis.set('race', `r${i}`, { nx: true, px: 60_000 }));
    expect((await Promise.all(race)).filter((answer) => answer === 'OK')).toHaveLength(1);
  });

  it_('returns objects, unicode, control characters and a stored OK unchanged', async () => {
    const values = {
      object: { a: [1, 'ü'] },
      unicode: 'naïve 🚲 日本',
      control: 'a\u0000b\r\n\u007f',
      ok: 'OK',
    };
    await redis.mset(values);
    expect(await redis.mget(...Object.keys(values))).toEqual(Object.values(values));
    expect(await redis.get('ok')).toBe('OK');
    expect(await redis.mget('nothing', 'ok')).toEqual([null, 'OK']);
  });

  it_('encodes bytes that are not UTF-8 in base64', async () => {
    const script = 'return string.char(0, 255, 128, 254)';
    const headers = { 'upstash-encoding': 'base64' };
    const answer = await post('/', JSON.stringify(['EVAL', script, 0]), headers);
    const { result } = (await answer.json()) as { result: string };
    expect([...Buffer.from(result, 'base64')]).toEqual([0, 255, 128, 254]);
  });

  it_('flattens a hash, so that the client can build the object', async () => {
    await redis.hset('hash', { a: 'x', b: 'y' });
    expect(await redis.hgetall('hash')).toEqual({ a: 'x', b: 'y' });
  });

  it_('runs Lua with cjson and nested replies', async () => {
    const script =
      "local t = cjson.decode(ARGV[1]); return {KEYS[1], t.n + 1, cjson.encode({ok = true}), 'OK'}";
    expect(await redis.eval(script, ['k'], [JSON.stringify({ n: 41 })])).toEqual([
      'k',
      42,
      { ok: true },
      'OK',
    ]);
  });

  it_('returns the error of a rejected command, alone and inside a pipeline', async () => {
    await redis.set('text', 'words');
    await expect(redis.incr('text')).rejects.toThrow(/not an integer/);
    expect((await post('/', '["INCR","text"]')).status).toBe(400);
    const answer = await post('/pipeline', '[["GET","text"],["INCR","text"],["SET","n",1]]');
    expect(answer.status).toBe(200);
    const wrong = { error: expect.stringMatching(/not an integer/) };
    expect(await answer.json()).toEqual([{ result: 'words' }, wrong, { result: 'OK' }]);
  });

  it_('applies a whole transaction, or none of it if a command is unknown', async () => {
    expect(await redis.multi().set('m', 1).incr('m').get('m').exec()).toEqual(['OK', 2, 2]);
    const aborted = await post('/multi-exec', '[["SET","m",99],["NOSUCH","m"]]');
    expect(aborted.status).toBe(400);
    expect(await aborted.json()).toEqual({ error: expect.stringMatching(/^EXECABORT/) });
    expect(await redis.get('m')).toBe(2);
  });

  it_('rejects a wrong or missing token on every route', async () => {
    for (const path of ['/', '/pipeline', '/multi-exec']) {
      for (const authorization of ['Bearer wrong', '']) {
        const answer = await post(path, '["PING"]', { authorization });
        expect(answer.status).toBe(401);
        expect(await answer.json()).toEqual({ error: expect.stringMatching(/^WRONGPASS/) });
      }
    }
  });

  it_('rejects bodies that are too large, not JSON or not a command', async () => {
    expect((await post('/', JSON.stringify(['SET', 'big', 'x'.repeat(11 * 1024 * 1024)]))).status).toBe(413);
    expect((await post('/', '["GET",')).status).toBe(400);
    expect((await post('/pipeline', '{"a":1}')).status).toBe(400);
    expect((await post('/', '["SUBSCRIBE","c"]')).status).toBe(400);
    expect(await redis.ping()).toBe('PONG');
  });

  it_('answers 503 within a second while the engine is away and works again after its restart', async () => {
    process.kill(local.pid, 'SIGKILL');
    await expect.poll(() => alive(local.pid)).toBe(false);
    const begun = performance.now();
    const down = await post('/', '["GET","text"]');
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(down.status).toBe(503);
    expect(await down.json()).toEqual({ error: expect.any(String) });
    await local.restart();
    expect(await redis.set('again', 'yes')).toBe('OK');
  });

  it_('leaves no process behind when stopped', async () => {
    await local.stop();
    expect(alive(local.pid)).toBe(false);
  });
});

describe.each(PREFERENCES)('the %s Firestore', (prefer) => {
  const it_ = it.skipIf(prefer === 'real' && noEmulator);
  let local: LocalFirestore;
  let db: Firestore;

  beforeAll(async () => {
    if (prefer === 'real' && noEmulator) return;
    local = await startFirestore({ project: 'ronde-engines', prefer, env, heap: '512m' });
    const customHeaders = { Authorization: 'Bearer owner' };
    db = new Firestore({ projectId: local.project, host: local.host, ssl: false, customHeaders });
  });
  afterAll(async () => {
    await db?.terminate();
    await local?.stop();
  });

  it_('creates a document once and answers ALREADY_EXISTS afterwards', async () => {
    const claims = Array.from({ length: 20 }, (_, by) => db.doc('claims/one').create({ by }));
    const settled = await Promise.allSettled(claims);
    const lost = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    expect(lost).toEqual(Array.from({ length: 19 }, () => 6));
  });

  it_('rejects an update with an outdated precondition', async () => {
    const doc = db.doc('docs/precondition');
    const { writeTime } = await doc.set({ n: 1 });
    await doc.update({ n: 2 }, { lastUpdateTime: writeTime });
    await expect(doc.update({ n: 3 }, { lastUpdateTime: writeTime })).rejects.toMatchObject({ code: 9 });
    expect((await doc.get()).data()).toEqual({ n: 2 });
  });

  it_('applies a whole batch or none of it', async () => {
    const batch = db.batch().set(db.doc('batch/new'), { n: 1 }).update(db.doc('batch/missing'), { n: 1 });
    await expect(batch.commit()).rejects.toMatchObject({ code: 5 });
    expect((await db.doc('batch/new').get()).exists).toBe(false);
  });

  it_('finds documents by a null field and a range of times', async () => {
    const at = (second: number) => Timestamp.fromMillis(second * 1_000);
    const rows = { a: [null, 1], b: [null, 5], c: [at(6), 2], d: [null, 3] } as const;
    for (const [id, [ended, seen]] of Object.entries(rows)) {
      await db.doc(`visits/${id}`).set({ ended, seen: at(seen) });
    }
    const open = db.collection('visits').where('ended', '==', null).where('seen', '<', at(5)).orderBy('seen');
    expect((await open.get()).docs.map((doc) => doc.id)).toEqual(['a', 'd']);
  });

  it_('leaves no process behind when stopped', async () => {
    expect(alive(local.pid)).toBe(true);
    await local.stop();
    expect(alive(local.pid)).toBe(false);
  });
});

describe('the choice of an engine', () => {
  it('names what is missing if the real engine is required but not installed', async () => {
    const bare = { PATH: '/nonexistent', RONDE_FIRESTORE_JAR: '/nonexistent.jar' };
    const options = { prefer: 'real', env: bare } as const;
    await expect(startFirestore({ ...options, project: 'ronde-engines' })).rejects.toThrow(
      'Firestore emulator: no java on PATH and no jar at RONDE_FIRESTORE_JAR=/nonexistent.jar; install',
    );
    await expect(startRedis(options)).rejects.toThrow('no redis-server on PATH; install');
  });

  it('uses an external Firestore and starts no process', async () => {
    const options = { project: 'ronde-engines', env: { FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' } };
    expect(await startFirestore(options)).toMatchObject({
      engine: 'external',
      host: '127.0.0.1:1',
      pid: null,
    });
  });
});
