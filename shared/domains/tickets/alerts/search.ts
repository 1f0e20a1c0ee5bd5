import type { Firestore } from '@google-cloud/firestore';
import { millis, streamChunks } from '../../../doors/store/firestore.ts';
import {
  type AlertSettings,
  createdBefore,
  daysInStage,
  judgeDelay,
  type LateTicket,
  stageEntry,
  type Ticket,
  thresholdOf,
} from '../delay.ts';
import { activeCreatedBefore, entriesOf, toTicket } from './documents.ts';

/** Tickets whose events are read at the same time. */
const EVENTS_IN_FLIGHT = 50;

export interface SearchContext {
  store: Firestore;
  now: Date;
}

/** The late tickets, longest in their stage first, and counts of the search. */
export interface Search {
  checked: number;
  late: LateTicket[];
  /** No late ticket entered its stage after this. */
  cutoff: Date;
  /** Number of tickets whose own `stage_entered_at` lies before the cutoff. */
  entered: number;
}

/**
 * Searches the late tickets: one query for the active ones that are old enough, and one more for each without
 * `stage_entered_at`. `thresholdDays` replaces every threshold of the settings.
 */
export async function searchLate(
  context: SearchContext,
  settings: AlertSettings,
  thresholdDays?: number,
): Promise<Search> {
  const { store, now } = context;
  const cutoff = createdBefore(settings, now, thresholdDays);
  const search: Search = { checked: 0, late: [], cutoff, entered: 0 };
  const judge = async (ticket: Ticket) => {
    const entry = stageEntry(ticket, await entriesOf(ticket, store));
    if (judgeDelay(ticket, entry, settings, { now, override: thresholdDays }) !== 'over_threshold' || !entry)
      return;
    const threshold = thresholdOf(ticket.stage, settings, thresholdDays);
    search.late.push({ ticket, entry, days: daysInStage(entry, now), threshold });
  };
  let waiting: Promise<void>[] = [];
  for await (const chunk of streamChunks(activeCreatedBefore(store, cutoff))) {
    search.checked += chunk.length;
    for (const snapshot of chunk) {
      const entered = millis(snapshot.get('stage_entered_at'));
      // Most tickets are in time by their own `stage_entered_at`: nothing more is read.
      if (entered !== null && entered >= cutoff.getTime()) continue;
      if (entered !== null) search.entered += 1;
      const ticket = toTicket(snapshot);
      if (ticket) waiting.push(judge(ticket));
    }
    if (waiting.length < EVENTS_IN_FLIGHT) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
  search.late.sort((a, b) => a.entry.since - b.entry.since || (a.ticket.id < b.ticket.id ? -1 : 1));
  return search;
}
