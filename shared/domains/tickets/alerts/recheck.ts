import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../../../doors/clock.ts';
import type { LateTicket } from '../delay.ts';
import { activeEnteredBefore, TICKET_FIELDS, toTicket } from './documents.ts';
import type { Search } from './search.ts';

/** Digests that begin within this time share one look: a ticket closed that shortly before might as well be later. */
const FRESH_MS = 2_000;

export interface RecheckContext {
  store: Firestore;
  clock: Clock;
}

/**
 * Looks at a run's late tickets again just before each mail, without reading them all twice: as many active tickets as
 * the search has met must still have entered their stage before the cutoff. Whatever is closed or moved is missing in
 * that count; only where it differs are the late tickets read, and judged again. A count that is right by chance would
 * need a ticket put back into the past in the same seconds.
 */
export class Recheck {
  readonly #context: RecheckContext;
  readonly #search: Search;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #still: Promise<ReadonlySet<string>> = Promise.resolve(new Set());

  constructor(context: RecheckContext, search: Search) {
    this.#context = context;
    this.#search = search;
  }

  /** The ids of the late tickets that are still active and in the same stage. */
  still(): Promise<ReadonlySet<string>> {
    const now = this.#context.clock().getTime();
    if (Math.abs(now - this.#lookedAt) > FRESH_MS) {
      this.#lookedAt = now;
      this.#still = this.#look();
    }
    return this.#still;
  }

  async #look(): Promise<ReadonlySet<string>> {
    const { late } = this.#search;
    const told = late.filter(({ ticket }) => ticket.stageEnteredAt !== null);
    const untold = late.filter(({ ticket }) => ticket.stageEnteredAt === null);
    const [unchanged, rest] = await Promise.all([this.#count(), this.#read(untold)]);
    const still = [...(unchanged ? told : await this.#read(told)), ...rest];
    return new Set(still.map(({ ticket }) => ticket.id));
  }

  async #count(): Promise<boolean> {
    const { store } = this.#context;
    const { cutoff, entered } = this.#search;
    const { count } = (await activeEnteredBefore(store, cutoff).count().get()).data();
    return count === entered;
  }

  async #read(tickets: readonly LateTicket[]): Promise<readonly LateTicket[]> {
    if (tickets.length === 0) return [];
    const { store } = this.#context;
    const refs = tickets.map(({ ticket }) => store.collection('tickets').doc(ticket.id));
    const snapshots = await store.getAll(...refs, { fieldMask: [...TICKET_FIELDS] });
    return tickets.filter(({ ticket }, index) => {
      const snapshot = snapshots[index];
      const now = snapshot ? toTicket(snapshot) : null;
      const { stage, stageEnteredAt } = ticket;
      return now?.status === 'active' && now.stage === stage && now.stageEnteredAt === stageEnteredAt;
    });
  }
}
