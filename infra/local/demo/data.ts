import { randomUUID } from 'node:crypto';
import { type Firestore, Timestamp } from '@google-cloud/firestore';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Each page stands as often as people read it: most come for a repair, few ask for a quote. */
const PAGES = [
  ...['/', '/', '/', '/', '/repairs', '/repairs', '/repairs', '/repairs/1042', '/repairs/1042'],
  ...['/invoices', '/invoices', '/quotes/new', '/contact'],
];
/** Visits per weekday, from Sunday on. The workshop is closed at weekends. */
const BY_WEEKDAY = [3, 38, 47, 44, 52, 41, 8];
const DAYS_BEFORE = 6;
const TODAY = 60;
/** Every ninth old visit has no heartbeat. */
const SILENT_EVERY = 9;

/** Writes a week of visits: their browser closed most, some of today are still open. */
export async function fillDemo(store: Firestore, now: Date): Promise<{ visits: number }> {
  const batch = store.batch();
  const create = (visit: object) => batch.create(store.collection('page_visits').doc(randomUUID()), visit);
  let visits = 0;
  const add = (index: number, startedAgo: number, isOpen: boolean, isSilent: boolean) => {
    // Steps of 5 and 7 share no factor with the lists, so that every page gets every reading time.
    const readFor = isSilent ? 0 : (index * 7) % 19;
    const at = (minutesAgo: number) => Timestamp.fromMillis(now.getTime() - minutesAgo * MINUTE_MS);
    const end = at(startedAgo - readFor);
    create({
      user_id: index % 3 === 0 ? 'admintest1' : 'usertest1',
      session_id: `tab-${Math.floor(startedAgo / 20)}`,
      path: PAGES[(index * 5) % PAGES.length],
      start_time: at(startedAgo),
      last_activity_at: readFor === 0 ? null : end,
      end_time: isOpen ? null : end,
      duration_seconds: isOpen ? null : readFor * 60,
      engaged_seconds: Math.round(readFor * (20 + (index % 4) * 10)),
      close_reason: isOpen ? null : isSilent ? 'timeout' : 'navigated',
      duration_source: isOpen ? null : readFor === 0 ? 'inferred' : 'measured',
      closed_at: isOpen ? null : end,
    });
    visits += 1;
  };
  for (let index = 0; index < TODAY; index += 1) add(index, 20 + index * 4, index % 4 === 0, false);
  for (let day = 1; day <= DAYS_BEFORE; day += 1) {
    const weekday = new Date(now.getTime() - day * DAY_MINUTES * MINUTE_MS).getUTCDay();
    for (let index = 0; index < (BY_WEEKDAY[weekday] ?? 0); index += 1)
      add(index, day * DAY_MINUTES + index * 5, false, index % SILENT_EVERY === 0);
  }
  await batch.commit();
  return { visits };
}
