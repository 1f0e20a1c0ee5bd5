/** Follow-ups in the order in which a run takes them: by due time, then by id in the order of Firestore. A binary heap. */
export class DueQueue {
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #heap: { id: string; due: number; rank: number }[] = [];

  constructor(ids: readonly string[]) {
    const keyed = ids.map((id) => ({ id, bytes: Buffer.from(id) }));
    keyed.sort((one, other) => Buffer.compare(one.bytes, other.bytes));
    this.#ranks = new Map(keyed.map(({ id }, rank) => [id, rank]));
  }

  push(id: string, due: number): void {
    const heap = this.#heap;
    heap.push({ id, due, rank: this.#ranks.get(id) ?? 0 });
    for (let index = heap.length - 1; index > 0; ) {
      const above = (index - 1) >> 1;
      if (!this.#isBefore(index, above)) return;
      this.#swap(index, above);
      index = above;
    }
  }

  /** Takes the first one that is due by this instant. Returns null if none is. */
  take(at: number): string | null {
    const [first] = this.#heap;
    if (!first || first.due > at) return null;
    const last = this.#heap.pop();
    if (last && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.id;
  }

  #sink(): void {
    for (let index = 0; ; ) {
      let least = index;
      for (const below of [2 * index + 1, 2 * index + 2])
        if (below < this.#heap.length && this.#isBefore(below, least)) least = below;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(index: number, other: number): boolean {
    const [one, two] = [this.#heap[index], this.#heap[other]];
    if (!one || !two) return false;
    return one.due === two.due ? one.rank < two.rank : one.due < two.due;
  }

  #swap(index: number, other: number): void {
    const [one, two] = [this.#heap[index], this.#heap[other]];
    if (!one || !two) return;
    this.#heap[index] = two;
    this.#heap[other] = one;
  }
}
