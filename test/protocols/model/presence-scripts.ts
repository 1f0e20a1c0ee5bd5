import { FORGET, LOGOUT, MARK, PING } from '../../../shared/domains/presence/activity-scripts.ts';
import { SPEND } from '../../../shared/doors/redis/limit.ts';

const MINUTE_MS = 60_000;

/** The commands of one Redis that a script calls. */
export interface Keyspace {
  get(key: string): string | null;
  set(key: string, value: string, ms: number): void;
  del(key: string): void;
  hash(key: string): Map<string, string>;
  keep(key: string, hash: Map<string, string>, ms: number): void;
}

type Script = (redis: Keyspace, keys: readonly string[], args: readonly string[]) => unknown;

const LIVE = /^live:(\d+):(\d+)$/;

const lastNumber = (text: string | undefined) => /(\d+)$/.exec(text ?? '')?.[1];

function prune(sessions: Map<string, string>, now: number, keptMs: number): void {
  for (const [name, state] of sessions) {
    const last = lastNumber(state);
    if (!last || now - Number(last) > keptMs) sessions.delete(name);
  }
}

const livesBeside = (sessions: Map<string, string>, session: string): string[] =>
  [...sessions].flatMap(([name, state]) => {
    const last = LIVE.exec(state)?.[2];
    return last && name !== session ? [name, last] : [];
  });

function spend(redis: Keyspace, key: string, now: number, perMinute: number): number {
  const stored = Number(redis.get(key) ?? 0);
  const from = stored < now || stored > now + 2 * MINUTE_MS ? now : stored;
  const full = from + MINUTE_MS / perMinute;
  if (full > now + MINUTE_MS) return Math.ceil(full - now - MINUTE_MS);
  redis.set(key, full.toFixed(0), MINUTE_MS);
  return 0;
}

const ping: Script = (redis, [activity = '', hash = '', bucket = ''], args) => {
  const [session = '', now = '', kept = '', knowledge = '', verifiedMs, issued, perMinute] = args;
  const wait = perMinute === '0' ? 0 : spend(redis, bucket, Number(now), Number(perMinute));
  if (wait > 0) return `often:${wait}`;
  const sessions = redis.hash(hash);
  const cut = lastNumber(sessions.get('*'));
  if (cut && Number(issued) < Number(cut)) return 'out';
  const [, kind, stored] = /^([a-z]+):(\d+)/.exec(sessions.get(session) ?? '') ?? [];
  if (kind === 'out' && knowledge !== 'login') return 'out';
  let verified = stored;
  if (knowledge === 'verified' || knowledge === 'login') verified = now;
  else if (knowledge === 'unverified') verified = '0';
  else if (!verified || Number(now) - Number(verified) > Number(verifiedMs)) return 'unknown';
  if (kind !== 'live') prune(sessions, Number(now), Number(kept));
  sessions.set(session, `live:${verified}:${now}`);
  redis.keep(hash, sessions, Number(kept));
  const before = redis.get(activity) ?? '';
  redis.set(activity, Number(before) < Number(now) ? now : before, Number(kept));
  return before;
};

const logout: Script = (redis, [activity = '', hash = ''], [session = '', now = '', kept = '']) => {
  const sessions = redis.hash(hash);
  prune(sessions, Number(now), Number(kept));
  sessions.set(session, `out:${now}`);
  redis.keep(hash, sessions, Number(kept));
  redis.del(activity);
  return livesBeside(sessions, session);
};

const mark: Script = (redis, [activity = '', hash = ''], [session = '', now = '', kept = '']) => {
  const sessions = redis.hash(hash);
  const last = LIVE.exec(sessions.get(session) ?? '')?.[2];
  sessions.set(session, `out:${now}`);
  redis.keep(hash, sessions, Number(kept));
  if (!last || redis.get(activity) !== last) return 0;
  const instants = livesBeside(sessions, session).filter((_, index) => index % 2 === 1);
  const newest = Math.max(0, ...instants.map(Number));
  if (newest > 0) redis.set(activity, String(newest), Number(kept));
  else redis.del(activity);
  return 1;
};

const forget: Script = (redis, keys, [before]) =>
  keys.map((key) => {
    const at = redis.get(key);
    if (at && Number(at) >= Number(before)) return at;
    redis.del(key);
    return '';
  });

const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  [PING, ping],
  [LOGOUT, logout],
  [MARK, mark],
  [FORGET, forget],
]);

/** Runs a script of presence as redis-server would; redis.test.ts compares the two. Undefined for other scripts. */
export function runPresenceScript(
  script: string,
  redis: Keyspace,
  keys: readonly string[],
  args: readonly string[],
): unknown {
  const known = SCRIPTS.get(script);
  if (known) return known(redis, keys, args);
  if (!script.startsWith(SPEND)) return undefined;
  return spend(redis, keys[0] ?? '', Number(args[0]), Number(args[1]));
}
