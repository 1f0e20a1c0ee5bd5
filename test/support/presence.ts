import { Timestamp } from '@google-cloud/firestore';
import type { World } from './world.ts';

/** One browser session of a user: its token and its calls. */
export interface UserSession {
  token: string;
  ping(body?: unknown): Promise<number>;
  login(): Promise<number>;
  logout(): Promise<number>;
}

const DAY_SECONDS = 86_400;

/** Starts a new session of a user with a new token. */
export async function session(
  world: World,
  userId = 'usertest1',
  claims: Record<string, unknown> = {},
): Promise<UserSession> {
  const options = { ttlSeconds: 3 * DAY_SECONDS, claims: { sub: userId, ...claims } };
  const token = await world.issuer.userToken('usertest1', options);
  const say = async (path: string, body?: unknown) =>
    (await world.post(path, { body, headers: { Authorization: `Bearer ${token}` } })).status;
  return {
    token,
    ping: (body) => say('/v1/activity/ping', body),
    login: () => say('/v1/auth/login'),
    logout: () => say('/v1/auth/logout'),
  };
}

/** Repeats a request while the answer is 503, as browsers and Cloud Scheduler do. A busy machine is no failure. */
export async function untilServed<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

/** Pings until the server acknowledges the ping. */
export async function acknowledgedPing(tab: UserSession): Promise<void> {
  const { status } = await untilServed(async () => ({ status: await tab.ping() }));
  if (status !== 204) throw new Error(`The ping was answered ${status}`);
}

/** Sends a GET as an administrator. */
export async function adminGet(world: World, path: string) {
  const token = await world.issuer.userToken('admintest1', { ttlSeconds: DAY_SECONDS });
  const response = await fetch(world.url + path, { headers: { Authorization: `Bearer ${token}` } });
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}

/** Returns all users' statuses by user id. */
export async function statuses(world: World): Promise<Record<string, Record<string, unknown>>> {
  const { body } = await adminGet(world, '/v1/admin/users/statuses?limit=1000');
  return Object.fromEntries(body.users.map((user: { user_id: string }) => [user.user_id, user]));
}

/** Returns the status of one user, such as `online`. */
export async function statusOf(world: World, userId = 'usertest1'): Promise<unknown> {
  return (await statuses(world))[userId]?.status;
}

/** Returns a user's document in its stored form. */
export function user(fields: Record<string, unknown> = {}) {
  return { role: 'user', is_online: false, last_activity_at: null, logged_out_at: null, ...fields };
}

export const at = (instant: number | Date) => Timestamp.fromMillis(Number(instant));
