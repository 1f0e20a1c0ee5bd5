import { randomUUID } from 'node:crypto';
import { type Firestore, Timestamp } from '@google-cloud/firestore';

const MINUTE_MS = 60_000;
const PAGES = ['/', '/repairs', '/repairs/1042', '/invoices', '/quotes/new', '/contact'];
/** Which part of the time that a page was open it was also looked at. */
const ENGAGED_SHARES = [0.9, 0.35, 0.6, 1, 0.15, 0.75];

/** Visits as a morning leaves them: most closed by their browser, some left open, a few still being read. */
export async function fillDemo(store: Firestore, now: Date): Promise<{ visits: number }> {
  const batch = store.batch();
  const at = (minutesAgo: number) => Timestamp.fromMillis(now.getTime() - minutesAgo * MINUTE_MS);
  let visits = 0;
  for (let index = 0; index < 60; index += 1) {
    const startedAgo = 20 + index * 4;
    const readFor = (index * 7) % 19;
    const closed = index % 4 !== 0;
    const end = at(startedAgo - readFor);
    const engaged = Math.round(readFor * 60 * (ENGAGED_SHARES[index % ENGAGED_SHARES.length] ?? 0));
    batch.create(store.collection('page_visits').doc(randomUUID()), {
      user_id: index % 3 === 0 ? 'admintest1' : 'usertest1',
      session_id: `tab-${Math.floor(index / 5)}`,
      path: PAGES[index % PAGES.length],
      start_time: at(startedAgo),
      last_activity_at: readFor === 0 ? null : end,
      end_time: closed ? end : null,
      engaged_seconds: engaged,
      duration_seconds: closed ? readFor * 60 : null,
      close_reason: closed ? 'navigated' : null,
      // Nobody has measured a visit that showed no sign of life after its start.
      duration_source: closed ? (readFor === 0 ? 'inferred' : 'measured') : null,
      closed_at: closed ? end : null,
    });
    visits += 1;
  }
  await batch.commit();
  return { visits };
}
