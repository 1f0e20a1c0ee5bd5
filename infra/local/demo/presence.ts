import { type Firestore, Timestamp } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';

const MINUTE_MS = 60_000;

interface DemoUser {
  id: string;
  name: string;
  role: 'admin' | 'user';
  flagged: boolean;
  /** Minutes since the last ping in Redis, the last ping in the document, the login and the logout. */
  ping?: number;
  seen?: number;
  login?: number;
  logout?: number;
}

/** One user of each kind: active, just signed in, signed out, ghost, online by a stale flag, never seen. */
const USERS: readonly DemoUser[] = [
  { id: 'admintest1', name: 'Admin Test', role: 'admin', flagged: true, ping: 1, seen: 62, login: 62 },
  { id: 'usertest1', name: 'User Test', role: 'user', flagged: true, ping: 4, seen: 95, login: 95 },
  { id: 'anna', name: 'Anna Weiss', role: 'user', flagged: true, seen: 6, login: 6 },
  { id: 'bruno', name: 'Bruno Petit', role: 'user', flagged: false, seen: 130, login: 300, logout: 128 },
  { id: 'chiara', name: 'Chiara Leoni', role: 'user', flagged: true, ping: 41, seen: 210, login: 210 },
  { id: 'david', name: 'David Moreau', role: 'user', flagged: true, seen: 2900 },
  { id: 'elif', name: 'Elif Kaya', role: 'user', flagged: false },
];

/** Writes the users of a morning to both stores. */
export async function fillPresence(store: Firestore, redis: Redis, now: Date): Promise<{ users: number }> {
  const ms = (minutesAgo: number) => now.getTime() - minutesAgo * MINUTE_MS;
  const at = (minutesAgo: number | undefined) =>
    minutesAgo === undefined ? null : Timestamp.fromMillis(ms(minutesAgo));
  const batch = store.batch();
  for (const { id, name, role, flagged, seen, login, logout } of USERS) {
    batch.set(store.collection('users').doc(id), {
      email: `${id}@example.test`,
      display_name: name,
      role,
      is_online: flagged,
      last_activity_at: at(seen),
      logged_out_at: at(logout),
    });
    if (login === undefined) continue;
    const record = { user_id: id, login_at: at(login), logout_at: at(logout) };
    batch.set(store.collection('login_history').doc(), record);
  }
  await batch.commit();
  const pings = USERS.flatMap(({ id, ping }) => (ping === undefined ? [] : [{ id, ping }]));
  const keep = 25 * 60 * MINUTE_MS;
  for (const { id, ping } of pings) await redis.set(`last_activity:${id}`, String(ms(ping)), { px: keep });
  return { users: USERS.length };
}
