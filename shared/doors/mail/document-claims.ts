import { randomUUID } from 'node:crypto';
import {
  type DocumentData,
  type DocumentSnapshot,
  FieldValue,
  Timestamp,
  type WriteBatch,
} from '@google-cloud/firestore';
import { isConflict } from '../store/firestore.ts';
import type { ClaimContext, ClaimDocument, Companions } from './claim-documents.ts';
import type { ClaimState, Claims, Settlement } from './claims.ts';

/**
 * Makes a claim on Firestore documents: `state`, `claimed_at`, `sending_at`, `message_id` and a random `claim`, its owner.
 * - Each step is one commit, on the condition that no document changed since the step before.
 * - If an answer is lost, the stored `claim` shows if the write was this claim's.
 * - Taking, settling and releasing write all documents.
 * - `sending` writes the first document only: another process needs all of them to take over.
 * - Releasing leaves documents alone that another run has settled: a person then decides.
 */
export function documentClaims(
  context: ClaimContext,
  documents: readonly ClaimDocument[],
  companions: Companions = {},
): Claims {
  return new DocumentClaims(context, documents, companions);
}

const UNSETTLED: readonly ClaimState[] = ['claimed', 'sending'];

class DocumentClaims implements Claims {
  readonly #context: ClaimContext;
  readonly #documents: readonly ClaimDocument[];
  readonly #companions: Companions;
  readonly #claim = randomUUID();
  #fields: DocumentData = {};
  #takenAt: Timestamp | undefined;
  /** The version of the first document, if it is newer than the claim. */
  #firstAt: Timestamp | undefined;
  #renewal: Promise<void> = Promise.resolve();

  constructor(context: ClaimContext, documents: readonly ClaimDocument[], companions: Companions) {
    this.#context = context;
    this.#documents = documents;
    this.#companions = companions;
  }

  async take(messageId: string, redirectedTo: string | null = null): Promise<boolean> {
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
      const written = {
        ...fields,
        ...claim,
        ...(redirectedTo === null ? {} : { redirected_to: redirectedTo }),
      };
      if (!standing?.exists) batch.create(ref, written);
      else batch.update(ref, written, { lastUpdateTime: standing.updateTime as Timestamp });
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
    this.#companions.sending?.(batch, this.#takenAt);
    const committed = await this.#commit(batch, 'sending', first);
    this.#firstAt = committed?.at;
    return committed !== null;
  }

  async renew(): Promise<void> {
    // A failed renewal leaves the claim as it was; its own end corrects what another run made of it.
    this.#renewal = this.#renew().catch(() => undefined);
    await this.#renewal;
  }

  async #renew(): Promise<void> {
    const [first] = this.#documents;
    if (!first) return;
    const fields = { sending_at: Timestamp.fromDate(this.#context.clock()) };
    const { writeTime } = await first.ref.update(fields, this.#unchanged(0));
    this.#firstAt = writeTime;
  }

  async withdraw(): Promise<boolean> {
    await this.#renewal;
    const batch = this.#context.store.batch();
    const first = this.#documents.slice(0, 1);
    const claimedAt = Timestamp.fromDate(this.#context.clock());
    const fields = { state: 'claimed', claimed_at: claimedAt, sending_at: FieldValue.delete() };
    for (const { ref } of first) batch.update(ref, fields, this.#unchanged(0));
    const committed = await this.#commit(batch, 'claimed', first);
    this.#firstAt = committed?.at;
    return committed !== null;
  }

  async settle(settlement: Settlement): Promise<void> {
    await this.#renewal;
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
      () => true,
    );
  }

  async release(): Promise<void> {
    await this.#renewal;
    await this.#finish(
      (batch, { ref }, precondition) => batch.delete(ref, precondition),
      (batch) => this.#companions.release?.(batch, this.#takenAt),
      (stored) => UNSETTLED.includes(stored.get('state') as ClaimState),
    );
  }

  /** The precondition that the document has not changed since this claim's last step. */
  #unchanged(index: number): { lastUpdateTime?: Timestamp } {
    const lastUpdateTime = (index === 0 ? this.#firstAt : undefined) ?? this.#takenAt;
    return lastUpdateTime ? { lastUpdateTime } : {};
  }

  /**
   * Commits a step. Returns null if another process holds the claim. After an error it reads the documents back: gRPC may
   * have repeated a commit that succeeded.
   */
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
   * Commits the last step. If another run settled some documents as unknown, this claim knows the true end: it writes those
   * documents that still have its `claim` and that it may write, and no others.
   */
  async #finish(
    write: (batch: WriteBatch, one: ClaimDocument, precondition: { lastUpdateTime?: Timestamp }) => void,
    companions: (batch: WriteBatch) => void,
    mayWrite: (stored: DocumentSnapshot) => boolean,
  ): Promise<void> {
    const { store } = this.#context;
    const batch = store.batch();
    for (const [index, one] of this.#documents.entries()) write(batch, one, this.#unchanged(index));
    companions(batch);
    try {
      await batch.commit();
    } catch (error) {
      if (!isConflict(error)) throw error;
      const stored = await this.#read(this.#documents);
      const own = this.#documents.flatMap((document, index) => {
        const found = stored[index];
        const isOwn = found?.updateTime && found.get('claim') === this.#claim && mayWrite(found);
        return isOwn ? [{ document, lastUpdateTime: found.updateTime as Timestamp }] : [];
      });
      if (own.length === 0) return;
      const rest = store.batch();
      for (const { document, lastUpdateTime } of own) write(rest, document, { lastUpdateTime });
      companions(rest);
      await rest.commit();
    }
  }

  #read(documents: readonly ClaimDocument[]): Promise<DocumentSnapshot[]> {
    return this.#context.store.getAll(...documents.map(({ ref }) => ref));
  }
}
