/** UIDs of one folder as IMAP writes a sequence set (RFC 9051, 4.1.1): `1:500,502`. Always sorted and without overlaps. */
type Range = readonly [first: number, last: number];

/** An immutable set of UIDs that stays small however many they are, as long as most lie side by side. */
export class UidSet {
  readonly #ranges: readonly Range[];

  private constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
  }

  static readonly empty = new UidSet([]);

  /** The set of these UIDs, in any order. */
  static of(uids: Iterable<number>): UidSet {
    const sorted = [...uids].sort((one, other) => one - other);
    return new UidSet(joined(sorted.map((uid) => [uid, uid])));
  }

  /** Reads what `toString` wrote; throws where it is no sequence set of UIDs. */
  static parse(text: string): UidSet {
    if (text === '') return UidSet.empty;
    const ranges = text.split(',').map((part): Range => {
      const [, first, last = first] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part) ?? [];
      const range: Range = [Number(first), Number(last)];
      if (first === undefined || range[0] < 1 || range[1] < range[0])
        throw new Error(`${JSON.stringify(part)} is no UID or range of UIDs; a set is such as 1:500,502.`);
      return range;
    });
    return new UidSet(joined(ranges.sort(([one], [other]) => one - other)));
  }

  toString(): string {
    return this.#ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',');
  }

  get size(): number {
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(uid: number): boolean {
    let [low, high] = [0, this.#ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = this.#ranges[middle] as Range;
      if (uid < first) high = middle - 1;
      else if (uid > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** The UIDs nearest to one, at most `count`: those below it first, the nearest first, then those above. */
  nearest(uid: number, count: number): number[] {
    const found: number[] = [];
    for (const [first, last] of this.#ranges.toReversed())
      for (let at = Math.min(last, uid - 1); at >= first && found.length < count; at -= 1) found.push(at);
    for (const [first, last] of this.#ranges)
      for (let at = Math.max(first, uid + 1); at <= last && found.length < count; at += 1) found.push(at);
    return found;
  }

  /** The greatest UID; 0 for the empty set. */
  get greatest(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  with(uids: Iterable<number>): UidSet {
    const added = UidSet.of(uids);
    if (added.#ranges.length === 0) return this;
    return new UidSet(joined([...this.#ranges, ...added.#ranges].sort(([one], [other]) => one - other)));
  }

  without(other: UidSet): UidSet {
    const left: Range[] = [];
    let index = 0;
    for (const [first, last] of this.#ranges) {
      let from = first;
      while (index < other.#ranges.length && (other.#ranges[index] as Range)[1] < first) index += 1;
      for (let each = index; each < other.#ranges.length; each += 1) {
        const [gapFirst, gapLast] = other.#ranges[each] as Range;
        if (gapFirst > last) break;
        if (gapFirst > from) left.push([from, gapFirst - 1]);
        from = Math.max(from, gapLast + 1);
      }
      if (from <= last) left.push([from, last]);
    }
    return new UidSet(left);
  }

  /** The UIDs that are in both. */
  and(other: UidSet): UidSet {
    return this.without(this.without(other));
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [first, last] of this.#ranges) for (let uid = first; uid <= last; uid += 1) yield uid;
  }
}

/** Ranges in order of their first UID, with those that touch or overlap made one. */
function joined(sorted: readonly Range[]): Range[] {
  const ranges: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = ranges.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else ranges.push([first, last]);
  }
  return ranges;
}
