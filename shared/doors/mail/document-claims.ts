import { randomUUID } from 'node:crypto';
import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
  type WriteBatch,
} from '@google-cloud/firestore';
import type { Clock } from '../clock.ts';
import { isConflict, millis } from '../store/firestore.ts';
import type { ClaimState, Claims, Settlement, StandingClaim } from './claims.ts';

/** One document that a mail is claimed on. */
export interface ClaimDocument {
  ref: DocumentReference;
  /** The document as it was read when deciding; null when there was none. */
  standing: DocumentSnapshot | null;
  /** What the document says beside the claim's own fields. */
  fields: Record<string, unknown>;
  /** What settling changes in it beside that. */
  settled?: Record<string, unknown>;
}

/** Writes of other documents that belong to the claim: they are committed with it, under their own preconditions. */
export interface Companions {
  take?: (batch: WriteBatch) => void;
  /** `takenAt`: the version that taking has given to what it wrote, for the precondition. */
  release?: (batch: WriteBatch, takenAt: Timestamp | undefined) => void;
  /** `fields`: all fields of the settled claim, for documents that are to bear them too. */
  settle?: (batch: WriteBatch, settlement: Settlement, fields: DocumentData) => void;
}

export interface ClaimContext {
  store: Firestore;
  clock: Clock;
}

/** The claim that a document holds; null where it holds none. */
export function standingClaim(snapshot: DocumentSnapshot): StandingClaim | null {
  const state = snapshot.get('state') as ClaimState | undefined;
  if (state === undefined) return null;
  // A mail may wait for its turn after it was claimed: one that is sending is as old as its sending.
  const since = state === 'sending' ? millis(snapshot.get('sending_at')) : null;
  return { state, claimedAt: since ?? millis(snapshot.get('claimed_at')) };
}

/**
 * Claims on Firestore documents: `state`, `claimed_at`, `sending_at`, `message_id` and a random `claim` that tells its
 * owner. Each step is one commit, conditional on the documents not having changed since the step before. An answer that was
 * lost on the way is looked up: the random `claim` shows whose write it was. Taking, settling and giving back are over all
 * documents; that the body begins is recorded in the first of them only, since it holds for all: nobody can take over
 * without it.
 */
export function documentClaims(
  context: ClaimContext,
  documents: readonly ClaimDocument[],
  companions: Companions = {},
): Claims {
  return new DocumentClaims(context, documents, companions);
}

class DocumentClaims implements Claims {
  readonly #context: ClaimContext;
  readonly #documents: readonly ClaimDocument[];
  readonly #companions: Companions;
  readonly #claim = randomUUID();
  #fields: DocumentData = {};
  #takenAt: Timestamp | undefined;
  #sendingAt: Timestamp | undefined;

  constructor(context: ClaimContext, documents: readonly ClaimDocument[], companions: Companions) {
    this.#context = context;
    this.#documents = documents;
    this.#companions = companions;
  }

  async take(messageId: string): Promise<boolean> {
    const batch = this.#context.store.batch();
    const claim = {
      state: 'claimed',
      claim: this.#claim,
      claimed_at: Timestamp.fromDate(this.#context.clock()),
      message_id: messageId,
    };
    const { state: _claimed, ...lasting } = claim;
    this.#fields = lasting;
    for (const { ref, standing, fields } of this.#documents) {
      if (!standing?.exists) batch.create(ref, { ...fields, ...claim });
      else batch.update(ref, { ...fields, ...claim }, { lastUpdateTime: standing.updateTime as Timestamp });
    }
    this.#companions.take?.(batch);
    const committed = await this.#commit(batch, 'claimed', this.#documents);
    this.#takenAt = committed?.at;
    return committed !== null;
  }

  async sending(): Promise<boolean> {
    const batch = this.#context.store.batch();
    const first = this.#documents.slice(0, 1);
    const fields = { state: 'sending', sending_at: Timestamp.fromDate(this.#context.clock()) };
    for (const { ref } of first) batch.update(ref, fields, this.#unchanged(0));
    const committed = await this.#commit(batch, 'sending', first);
    this.#sendingAt = committed?.at;
    return committed !== null;
  }

  async settle(settlement: Settlement): Promise<void> {
    const settledAt = Timestamp.fromDate(settlement.settledAt);
    const fields = {
      state: settlement.state,
      settled_at: settledAt,
      response: settlement.response,
      ...(settlement.state === 'sent' ? { sent_at: settledAt } : {}),
    };
    await this.#finish(
      (batch, { ref, settled }, precondition) => batch.update(ref, { ...fields, ...settled }, precondition),
      (batch) => this.#companions.settle?.(batch, settlement, { ...this.#fields, ...fields }),
    );
  }

  async release(): Promise<void> {
    await this.#finish(
      (batch, { ref }, precondition) => batch.delete(ref, precondition),
      (batch) => this.#companions.release?.(batch, this.#takenAt),
    );
  }

  /** The precondition that the document at this place is as our last step left it. */
  #unchanged(index: number): { lastUpdateTime?: Timestamp } {
    const lastUpdateTime = (index === 0 ? this.#sendingAt : undefined) ?? this.#takenAt;
    return lastUpdateTime ? { lastUpdateTime } : {};
  }

  /** Commits a step; null where it was not ours to make. On an error, what is stored tells whether it was ours after all: gRPC may have repeated the call. */
  async #commit(
    batch: WriteBatch,
    state: ClaimState,
    documents: readonly ClaimDocument[],
  ): Promise<{ at: Timestamp | undefined } | null> {
    try {
      const [first] = await batch.commit();
      return { at: first?.writeTime };
    } catch (error) {
      const own = (await this.#read(documents)).filter((snapshot) => snapshot.get('claim') === this.#claim);
      if (own.length === documents.length && own.every((each) => each.get('state') === state))
        return { at: own[0]?.updateTime };
      if (!isConflict(error)) throw error;
      return null;
    }
  }

  /**
   * The last step. Where another run has meanwhile settled some of our documents as unknown, what we know is better than
   * that: those that still bear our claim are written, all others are left alone.
   */
  async #finish(
    write: (batch: WriteBatch, one: ClaimDocument, precondition: { lastUpdateTime?: Timestamp }) => void,
    companions: ((batch: WriteBatch) => void) | undefined,
  ): Promise<void> {
    const { store } = this.#context;
    const batch = store.batch();
    for (const [index, one] of this.#documents.entries()) write(batch, one, this.#unchanged(index));
    companions?.(batch);
    try {
      await batch.commit();
    } catch (error) {
      if (!isConflict(error)) throw error;
      const stored = await this.#read(this.#documents);
      const own = this.#documents.flatMap((document, index) => {
        const lastUpdateTime = stored[index]?.updateTime;
        return lastUpdateTime && stored[index]?.get('claim') === this.#claim
          ? [{ document, lastUpdateTime }]
          : [];
      });
      if (own.length === 0) return;
      const rest = store.batch();
      for (const { document, lastUpdateTime } of own) write(rest, document, { lastUpdateTime });
      companions?.(rest);
      await rest.commit();
    }
  }

  async #read(documents: readonly ClaimDocument[]): Promise<DocumentSnapshot[]> {
    const snapshots = await this.#context.store.getAll(...documents.map(({ ref }) => ref));
    return snapshots;
  }
}

/**
 * Settles orphans as unknown: claims of one document each, in `sending`, whose process has died. Each only if it has not
 * changed since it was read. The documents of one claim have to be settled in one commit instead.
 */
export async function settleOrphans(
  context: ClaimContext,
  orphans: readonly DocumentSnapshot[],
): Promise<number> {
  const settledAt = Timestamp.fromDate(context.clock());
  const results = await Promise.allSettled(
    orphans.map((orphan) =>
      orphan.ref.update(
        {
          state: 'unknown',
          settled_at: settledAt,
          response: 'the sending process ended before the answer came',
        },
        { lastUpdateTime: orphan.updateTime as Timestamp },
      ),
    ),
  );
  const failure = results.find((each) => each.status === 'rejected' && !isConflict(each.reason));
  if (failure?.status === 'rejected') throw failure.reason;
  const settled = results.filter(({ status }) => status === 'fulfilled').length;
  return settled;
}
