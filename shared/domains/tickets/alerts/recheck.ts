import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../../../doors/clock.ts';
import type { LateTicket } from '../delay.ts';
import { activeEnteredBefore, TICKET_FIELDS, toTicket } from './documents.ts';
import type { Search } from './search.ts';

/** Digests that begin within this time share one check. */
const FRESH_MS = 2_000;

export interface RecheckContext {
  store: Firestore;
  clock: Clock;
}

/**
 * Checks a run's late tickets again just before each mail, without reading them all twice. It counts the active tickets
 * that entered their stage before the cutoff. Closed and moved tickets change that count; only then it reads the late
 * tickets again.
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

  /** Returns the ids of the late tickets that are still active and in the same stage. */
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
    const dated = late.filter(({ ticket }) => ticket.stageEnteredAt !== null);
    const undated = late.filter(({ ticket }) => ticket.stageEnteredAt === null);
    const [unchanged, rest] = await Promise.all([this.#count(), this.#read(undated)]);
    const still = [...(unchanged ? dated : await this.#read(dated)), ...rest];
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
