import { decodeLine } from '../message/charset.ts';

/** A value in the form of imapflow's own parser, so that its readers of envelopes and structures take it. NIL is null. */
export type Value = { type: 'ATOM' | 'STRING' | 'LITERAL'; value: string | Buffer } | null | Value[];

/** The data items of an untagged FETCH response by their names, in capitals, such as `BODY[1]<0>`. */
export type DataItems = Map<string, Value>;

const BEGIN = /^\* \d{1,10} FETCH \(/i;
/** The same of servers that are careless with blanks. */
const LOOSE_BEGIN = /^\* {1,3}\d{1,10} {1,3}FETCH {1,3}\(/i;
/** As long as the longest beginning. */
const BEGIN_OCTETS = 28;
/** Lists within lists; a structure that goes deeper is an attack. */
const MAX_DEPTH = 60;
/** imapflow's own limit of tokens in a response: it refuses one that has more. */
const MAX_VALUES = 1_000_000;
const ATOM = /\\?[^\s\p{C}()"{}%*\\[\]<>~]+/uy;
/** An item's name, for a body with its section in brackets and where it begins (RFC 9051, 7.5.2). */
const NAME = /BODY\[[A-Z0-9.]*(?: \([A-Z0-9._-]+(?: [A-Z0-9._-]+)*\))?\](?:<\d+>)?|[A-Z0-9.-]+/iy;
const LITERAL = /~?\{(\d+)\+?\}\r?\n/y;

/** Returns whether a response is an untagged FETCH. */
export const isFetch = (payload: Buffer): boolean =>
  LOOSE_BEGIN.test(payload.toString('latin1', 0, BEGIN_OCTETS));

/**
 * Reads an untagged FETCH response (RFC 9051, 7.5.2) whose literals have been taken out. Returns null for non-standard
 * syntax; imapflow's parser, which takes four times as long, then reads it.
 */
export function dataItems(payload: Buffer, literals: readonly Buffer[]): DataItems | null {
  const { items, isWhole } = readItems(payload, literals, BEGIN);
  return isWhole ? items : null;
}

/** Reads the data items of a response up to the first that cannot be read. */
export function readItems(
  payload: Buffer,
  literals: readonly Buffer[],
  beginning = LOOSE_BEGIN,
): { items: DataItems; isWhole: boolean } {
  const text = decodeLine(payload);
  const items: DataItems = new Map();
  const begin = beginning.exec(text);
  if (!begin) return { items, isWhole: false };
  const reader = new Reader(text, begin[0].length, literals);
  while (!reader.takes(')')) {
    const name = reader.match(NAME)?.[0];
    const value = name !== undefined && reader.takes(' ') ? reader.value(0) : undefined;
    if (name === undefined || value === undefined || !reader.goesOn(' )')) return { items, isWhole: false };
    items.set(name.toUpperCase(), value);
    reader.takes(' ');
  }
  return { items, isWhole: reader.ended };
}

class Reader {
  private at: number;
  private literal = 0;
  private values = 0;
  private nextBackslash = -1;
  private readonly text: string;
  private readonly literals: readonly Buffer[];

  constructor(text: string, at: number, literals: readonly Buffer[]) {
    this.text = text;
    this.at = at;
    this.literals = literals;
  }

  get ended(): boolean {
    return this.at === this.text.length && this.literal === this.literals.length;
  }

  /** Returns true if the next character is one of these. */
  goesOn(characters: string): boolean {
    return this.at < this.text.length && characters.includes(this.text[this.at] as string);
  }

  takes(character: string): boolean {
    const found = this.text[this.at] === character;
    if (found) this.at += 1;
    return found;
  }

  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  /** Reads a value. Returns undefined if it cannot. */
  value(depth: number): Value | undefined {
    this.values += 1;
    if (this.values > MAX_VALUES) return undefined;
    switch (this.text[this.at]) {
      case '(':
        return depth < MAX_DEPTH ? this.list(depth) : undefined;
      case '"':
        return this.quoted();
      case '{':
      case '~':
        return this.octets();
      default: {
        const atom = this.match(ATOM)?.[0];
        if (atom === undefined) return undefined;
        return atom.toUpperCase() === 'NIL' ? null : { type: 'ATOM', value: atom };
      }
    }
  }

  private list(depth: number): Value | undefined {
    this.at += 1;
    const values: Value[] = [];
    while (!this.takes(')')) {
      const value = this.value(depth + 1);
      if (value === undefined || !this.goesOn(Array.isArray(value) ? ' )(' : ' )')) return undefined;
      values.push(value);
      // Between parts of a structure there is no space.
      this.takes(' ');
    }
    return values;
  }

  private quoted(): Value | undefined {
    const from = this.at + 1;
    let end = this.text.indexOf('"', from);
    let escaped = false;
    for (let back = this.backslash(from); end >= 0 && back < end; back = this.backslash(back + 2)) {
      escaped = true;
      if (end === back + 1) end = this.text.indexOf('"', end + 1);
    }
    if (end < 0) return undefined;
    this.at = end + 1;
    const value = this.text.slice(from, end);
    return { type: 'STRING', value: escaped ? value.replace(/\\(.)/gs, '$1') : value };
  }

  /** Where the next one is, looked for once: most responses have none, and some have a million strings. */
  private backslash(from: number): number {
    if (this.nextBackslash < from) {
      const found = this.text.indexOf('\\', from);
      this.nextBackslash = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.nextBackslash;
  }

  private octets(): Value | undefined {
    const length = this.match(LITERAL)?.[1];
    const value = this.literals[this.literal];
    if (length === undefined || value?.length !== Number(length)) return undefined;
    this.literal += 1;
    return { type: 'LITERAL', value };
  }
}
