import { FieldPath, type Firestore } from '@google-cloud/firestore';
import type { Clock } from '../clock.ts';
import type { Meter } from '../cost.ts';
import { TICKET_FIELDS, toTicket } from './alert-documents.ts';
import type { LateTicket } from './delay.ts';

/** Firestore takes at most so many values in one `in` (firebase.google.com/docs/firestore/query-data/queries). */
const IN_VALUES = 30;
/** Digests that begin within this time share one look: a ticket closed that shortly before might as well be later. */
const FRESH_MS = 2_000;

export interface RecheckContext {
  store: Firestore;
  meter: Meter;
  clock: Clock;
}

interface Chunk {
  stage: string;
  tickets: LateTicket[];
  lookedAt: number;
  still: Promise<readonly LateTicket[]>;
}

/**
 * Looks at a run's late tickets again just before each mail. Counting them by state costs one read per thirty tickets;
 * only where a count falls short are those tickets read, and judged again.
 */
export class Recheck {
  readonly #context: RecheckContext;
  readonly #chunkOf = new Map<string, Chunk>();

  constructor(context: RecheckContext, late: readonly LateTicket[]) {
    this.#context = context;
    const open = new Map<string, Chunk>();
    for (const one of late) {
      const { stage, id } = one.ticket;
      let chunk = open.get(stage);
      if (!chunk || chunk.tickets.length === IN_VALUES) {
        chunk = { stage, tickets: [], lookedAt: Number.NEGATIVE_INFINITY, still: Promise.resolve([]) };
        open.set(stage, chunk);
      }
      chunk.tickets.push(one);
      this.#chunkOf.set(id, chunk);
    }
  }

  /** Those of these tickets that are still active and in the same stage, by their ids. */
  async still(wanted: readonly LateTicket[]): Promise<ReadonlySet<string>> {
    const chunks = new Set(wanted.flatMap(({ ticket }) => this.#chunkOf.get(ticket.id) ?? []));
    const found = await Promise.all([...chunks].map((chunk) => this.#look(chunk)));
    return new Set(found.flat().map(({ ticket }) => ticket.id));
  }

  #look(chunk: Chunk): Promise<readonly LateTicket[]> {
    const now = this.#context.clock().getTime();
    if (Math.abs(now - chunk.lookedAt) > FRESH_MS) {
      chunk.lookedAt = now;
      chunk.still = this.#count(chunk);
    }
    return chunk.still;
  }

  async #count({ stage, tickets }: Chunk): Promise<readonly LateTicket[]> {
    const { store, meter } = this.#context;
    const ids = tickets.map(({ ticket }) => ticket.id);
    const unmoved = store
      .collection('tickets')
      .where('status', '==', 'active')
      .where('stage', '==', stage)
      .where(FieldPath.documentId(), 'in', ids);
    const counted = (await unmoved.count().get()).data().count;
    // Firestore bills one read per thousand index entries counted (cloud.google.com/firestore/pricing).
    meter.firestore_reads += 1;
    return counted === tickets.length ? tickets : this.#read(tickets);
  }

  async #read(tickets: readonly LateTicket[]): Promise<readonly LateTicket[]> {
    const { store, meter } = this.#context;
    const refs = tickets.map(({ ticket }) => store.collection('tickets').doc(ticket.id));
    const snapshots = await store.getAll(...refs, { fieldMask: [...TICKET_FIELDS] });
    meter.firestore_reads += snapshots.length;
    return tickets.filter(({ ticket }, index) => {
      const snapshot = snapshots[index];
      const now = snapshot ? toTicket(snapshot) : null;
      const { stage, stageEnteredAt } = ticket;
      return now?.status === 'active' && now.stage === stage && now.stageEnteredAt === stageEnteredAt;
    });
  }
}
