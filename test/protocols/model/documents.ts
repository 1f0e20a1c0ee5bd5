/** gRPC status codes (https://grpc.io/docs/guides/status-codes). */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
export const UNAVAILABLE = 14;

export interface Stamp {
  seconds: number;
  nanos: number;
}

/** A value as Firestore's protocol writes it; only its kinds that the product stores. */
export interface Value {
  valueType?: string;
  nullValue?: unknown;
  booleanValue?: boolean;
  integerValue?: number | string;
  doubleValue?: number;
  stringValue?: string;
  timestampValue?: { seconds?: number | string; nanos?: number };
  arrayValue?: { values?: Value[] };
  mapValue?: { fields?: Fields };
}
export type Fields = Record<string, Value>;

export interface StoredDocument {
  name: string;
  fields: Fields;
  createTime: Stamp;
  updateTime: Stamp;
}

interface Transform {
  fieldPath: string;
  appendMissingElements?: { values?: Value[] };
  removeAllFromArray?: { values?: Value[] };
  increment?: Value;
  setToServerValue?: unknown;
}

/** One write of a commit, as Firestore's protocol has it. */
export interface Write {
  update?: { name: string; fields?: Fields } | null;
  delete?: string | null;
  updateMask?: { fieldPaths?: string[] } | null;
  updateTransforms?: Transform[] | null;
  currentDocument?: {
    exists?: boolean | null;
    updateTime?: { seconds?: number | string; nanos?: number } | null;
  } | null;
}

/** The error that Firestore's client gets for a status. */
export class GrpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(`${code} ${message}`);
    this.code = code;
  }
}

/** The documents of one database: commits are atomic, and each has an instant of its own. */
export class Documents {
  readonly #documents = new Map<string, StoredDocument>();
  readonly #transactions = new Map<string, Map<string, string>>();
  #tick = 0;

  get(name: string): StoredDocument | null {
    return this.#documents.get(name) ?? null;
  }

  all(): StoredDocument[] {
    return [...this.#documents.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Returns the instant of a read. */
  now(): Stamp {
    return stampOf(this.#tick);
  }

  begin(): string {
    const id = `transaction-${this.#transactions.size + 1}`;
    this.#transactions.set(id, new Map());
    return id;
  }

  /** Remembers the version that a transaction read: its commit is refused if that changed. */
  note(transaction: string, name: string): void {
    this.#transactions.get(transaction)?.set(name, versionOf(this.get(name)));
  }

  /** Applies all writes or none. Throws GrpcError if a precondition does not hold. */
  commit(writes: readonly Write[], transaction?: string): { commitTime: Stamp; updateTimes: Stamp[] } {
    for (const [name, seen] of this.#transactions.get(transaction ?? '') ?? [])
      if (versionOf(this.get(name)) !== seen)
        throw new GrpcError(ABORTED, `${name} changed since it was read`);
    for (const write of writes) this.#check(write);
    this.#tick += 1;
    const at = stampOf(this.#tick);
    for (const write of writes) this.#apply(write, at);
    return { commitTime: at, updateTimes: writes.map(() => at) };
  }

  #check({ update, delete: deleted, currentDocument }: Write): void {
    const name = update?.name ?? deleted ?? '';
    const stored = this.get(name);
    const { exists, updateTime } = currentDocument ?? {};
    if (exists === false && stored) throw new GrpcError(ALREADY_EXISTS, `${name} exists already`);
    if (exists === true && !stored) throw new GrpcError(NOT_FOUND, `${name} does not exist`);
    if (!updateTime) return;
    // The emulator and Google's service answer an update of a missing document so, and a delete otherwise.
    if (!stored) throw new GrpcError(deleted ? FAILED_PRECONDITION : NOT_FOUND, `${name} does not exist`);
    const { seconds, nanos } = stored.updateTime;
    if (Number(updateTime.seconds ?? 0) !== seconds || Number(updateTime.nanos ?? 0) !== nanos)
      throw new GrpcError(FAILED_PRECONDITION, `${name} changed since it was read`);
  }

  #apply({ update, delete: deleted, updateMask, updateTransforms }: Write, at: Stamp): void {
    if (deleted) {
      this.#documents.delete(deleted);
      return;
    }
    if (!update) return;
    const before = this.get(update.name);
    const fields = updateMask
      ? merged(before?.fields ?? {}, update.fields ?? {}, updateMask.fieldPaths ?? [])
      : clone(update.fields ?? {});
    for (const transform of updateTransforms ?? []) applyTransform(fields, transform, at);
    this.#documents.set(update.name, {
      name: update.name,
      fields,
      createTime: before?.createTime ?? at,
      updateTime: at,
    });
  }
}

/** Copies maps and lists; their values are never changed in place. */
function clone(fields: Fields): Fields {
  const copy: Fields = {};
  for (const [name, value] of Object.entries(fields)) copy[name] = cloneValue(value);
  return copy;
}

function cloneValue(value: Value): Value {
  const { mapValue, arrayValue } = value;
  if (mapValue) return { ...value, mapValue: { fields: clone(mapValue.fields ?? {}) } };
  return arrayValue ? { ...value, arrayValue: { values: [...(arrayValue.values ?? [])] } } : value;
}

/** Microseconds apart, as Firestore's own instants are. */
const stampOf = (tick: number): Stamp => ({
  seconds: 1_700_000_000 + Math.floor(tick / 1000),
  nanos: (tick % 1000) * 1000,
});

const versionOf = (document: StoredDocument | null): string =>
  document ? `${document.updateTime.seconds}.${document.updateTime.nanos}` : 'none';

/** Splits a field path: parts are apart by dots, and a part in backticks may hold any character. */
export function partsOf(path: string): string[] {
  return [...path.matchAll(/`((?:[^`\\]|\\.)*)`|[^.`]+/g)].map(([whole, quoted]) =>
    quoted === undefined ? whole : quoted.replace(/\\(.)/g, '$1'),
  );
}

function merged(before: Fields, given: Fields, paths: readonly string[]): Fields {
  const fields = clone(before);
  for (const path of paths) setAt(fields, partsOf(path), valueAt(given, partsOf(path)));
  return fields;
}

/** Returns the value at a path, or undefined. */
export function valueAt(fields: Fields, [first = '', ...rest]: readonly string[]): Value | undefined {
  const value = Object.hasOwn(fields, first) ? fields[first] : undefined;
  return rest.length === 0 ? value : valueAt(value?.mapValue?.fields ?? {}, rest);
}

function setAt(fields: Fields, [first = '', ...rest]: readonly string[], value: Value | undefined): void {
  if (rest.length === 0) {
    if (value === undefined) delete fields[first];
    else fields[first] = structuredClone(value);
    return;
  }
  const inner = fields[first]?.mapValue?.fields ?? {};
  setAt(inner, rest, value);
  fields[first] = { mapValue: { fields: inner }, valueType: 'mapValue' };
}

function applyTransform(fields: Fields, transform: Transform, at: Stamp): void {
  const path = partsOf(transform.fieldPath);
  const before = valueAt(fields, path);
  setAt(fields, path, transformed(before, transform, at));
}

function transformed(before: Value | undefined, transform: Transform, at: Stamp): Value {
  const { appendMissingElements, removeAllFromArray, increment } = transform;
  const values = before?.arrayValue?.values ?? [];
  const isSame = (one: Value, other: Value) => JSON.stringify(one) === JSON.stringify(other);
  if (appendMissingElements) {
    const more = (appendMissingElements.values ?? []).filter(
      (one) => !values.some((other) => isSame(one, other)),
    );
    return { arrayValue: { values: [...values, ...more] }, valueType: 'arrayValue' };
  }
  if (removeAllFromArray) {
    const gone = removeAllFromArray.values ?? [];
    const kept = values.filter((one) => !gone.some((other) => isSame(one, other)));
    return { arrayValue: { values: kept }, valueType: 'arrayValue' };
  }
  if (increment) {
    const sum =
      Number(before?.integerValue ?? before?.doubleValue ?? 0) +
      Number(increment.integerValue ?? increment.doubleValue ?? 0);
    return { integerValue: sum, valueType: 'integerValue' };
  }
  return { timestampValue: at, valueType: 'timestampValue' };
}
