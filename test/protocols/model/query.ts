import { type Fields, partsOf, type StoredDocument, type Value, valueAt } from './documents.ts';

interface FieldRef {
  fieldPath: string;
}
export interface Filter {
  compositeFilter?: { op: string; filters: Filter[] } | null;
  fieldFilter?: { field: FieldRef; op: string; value: Value } | null;
  unaryFilter?: { field: FieldRef; op: string } | null;
}
export interface StructuredQuery {
  from?: { collectionId?: string | null; allDescendants?: boolean | null }[];
  where?: Filter | null;
  orderBy?: { field: FieldRef; direction?: string | number }[];
  startAt?: { values: Value[]; before?: boolean } | null;
  endAt?: { values: Value[]; before?: boolean } | null;
  limit?: { value: number } | number | null;
  select?: { fields?: FieldRef[] } | null;
}

const NAME = '__name__';

/** Returns the documents of a query in its order, as Firestore defines it. */
export function runQuery(
  documents: readonly StoredDocument[],
  parent: string,
  query: StructuredQuery,
): StoredDocument[] {
  const [from] = query.from ?? [];
  const orders = ordersOf(query);
  const found = documents
    .filter(({ name }) => isFrom(name, parent, from ?? {}))
    .filter((document) => !query.where || isMatch(document, query.where))
    .filter((document) => orders.every(({ path }) => fieldOf(document, path) !== undefined))
    .sort((one, other) => compareBy(orders, one, (path) => fieldOf(other, path)))
    .filter((document) => isInside(document, orders, query));
  const limit = typeof query.limit === 'number' ? query.limit : query.limit?.value;
  return (limit === undefined ? found : found.slice(0, limit)).map((document) => selected(document, query));
}

function isFrom(
  name: string,
  parent: string,
  { collectionId, allDescendants }: { collectionId?: string | null; allDescendants?: boolean | null },
): boolean {
  if (!name.startsWith(`${parent}/`)) return false;
  const path = name.slice(parent.length + 1).split('/');
  return (allDescendants || path.length === 2) && path.at(-2) === collectionId;
}

type Order = { path: string; direction: 1 | -1 };

const isDescending = (direction: string | number | undefined) =>
  direction === 'DESCENDING' || direction === 2;

/** The orders of a query; an inequality orders by its field, and the name is always the last. */
function ordersOf({ orderBy = [], where }: StructuredQuery): Order[] {
  const orders = orderBy.map(
    ({ field, direction }): Order => ({
      path: field.fieldPath,
      direction: isDescending(direction) ? -1 : 1,
    }),
  );
  const ranged = where ? inequalities(where) : [];
  for (const path of ranged)
    if (!orders.some((order) => order.path === path))
      orders.push({ path, direction: orders.at(-1)?.direction ?? 1 });
  if (!orders.some(({ path }) => path === NAME))
    orders.push({ path: NAME, direction: orders.at(-1)?.direction ?? 1 });
  return orders;
}

function inequalities({ compositeFilter, fieldFilter }: Filter): string[] {
  if (compositeFilter) return [...new Set(compositeFilter.filters.flatMap(inequalities))].sort();
  const ranges = [
    'LESS_THAN',
    'LESS_THAN_OR_EQUAL',
    'GREATER_THAN',
    'GREATER_THAN_OR_EQUAL',
    'NOT_EQUAL',
    'NOT_IN',
  ];
  return fieldFilter && ranges.includes(fieldFilter.op) ? [fieldFilter.field.fieldPath] : [];
}

function fieldOf(document: StoredDocument, path: string): Value | undefined {
  return path === NAME
    ? ({ referenceValue: document.name } as Value)
    : valueAt(document.fields, partsOf(path));
}

function isMatch(document: StoredDocument, { compositeFilter, fieldFilter, unaryFilter }: Filter): boolean {
  if (compositeFilter) {
    const each = (filter: Filter) => isMatch(document, filter);
    return compositeFilter.op === 'OR'
      ? compositeFilter.filters.some(each)
      : compositeFilter.filters.every(each);
  }
  if (unaryFilter) return isUnary(fieldOf(document, unaryFilter.field.fieldPath), unaryFilter.op);
  if (!fieldFilter) throw new Error(`the model knows no filter ${JSON.stringify(fieldFilter)}`);
  const value = fieldOf(document, fieldFilter.field.fieldPath);
  return value !== undefined && isFieldMatch(value, fieldFilter.op, fieldFilter.value);
}

function isUnary(value: Value | undefined, op: string): boolean {
  if (op === 'IS_NULL') return value !== undefined && rankOf(value) === 0;
  if (op === 'IS_NOT_NULL') return value !== undefined && rankOf(value) !== 0;
  throw new Error(`the model knows no unary filter ${op}`);
}

function isFieldMatch(value: Value, op: string, wanted: Value): boolean {
  const order = compare(value, wanted);
  const isSameKind = rankOf(value) === rankOf(wanted);
  switch (op) {
    case 'EQUAL':
      return order === 0;
    case 'NOT_EQUAL':
      return rankOf(value) !== 0 && order !== 0;
    case 'LESS_THAN':
      return isSameKind && order < 0;
    case 'LESS_THAN_OR_EQUAL':
      return isSameKind && order <= 0;
    case 'GREATER_THAN':
      return isSameKind && order > 0;
    case 'GREATER_THAN_OR_EQUAL':
      return isSameKind && order >= 0;
    case 'IN':
      return (wanted.arrayValue?.values ?? []).some((one) => compare(value, one) === 0);
    case 'ARRAY_CONTAINS':
      return (value.arrayValue?.values ?? []).some((one) => compare(one, wanted) === 0);
    case 'ARRAY_CONTAINS_ANY':
      return (wanted.arrayValue?.values ?? []).some((one) => isFieldMatch(value, 'ARRAY_CONTAINS', one));
    default:
      throw new Error(`the model knows no filter ${op}`);
  }
}

function isInside(
  document: StoredDocument,
  orders: readonly Order[],
  { startAt, endAt }: StructuredQuery,
): boolean {
  const at = (values: readonly Value[]) =>
    compareBy(
      orders.slice(0, values.length),
      document,
      (path) => values[orders.findIndex((order) => order.path === path)],
    );
  if (startAt) {
    const order = at(startAt.values);
    if (startAt.before ? order < 0 : order <= 0) return false;
  }
  if (endAt) {
    const order = at(endAt.values);
    if (endAt.before ? order >= 0 : order > 0) return false;
  }
  return true;
}

function compareBy(
  orders: readonly Order[],
  document: StoredDocument,
  other: (path: string) => Value | undefined,
): number {
  for (const { path, direction } of orders) {
    const order = compare(fieldOf(document, path) ?? {}, other(path) ?? {});
    if (order !== 0) return order * direction;
  }
  return 0;
}

function selected(document: StoredDocument, { select }: StructuredQuery): StoredDocument {
  if (!select?.fields) return document;
  const fields: Fields = {};
  for (const { fieldPath } of select.fields) {
    const parts = partsOf(fieldPath);
    const value = fieldPath === NAME ? undefined : valueAt(document.fields, parts);
    if (value !== undefined) place(fields, parts, value);
  }
  return { ...document, fields };
}

function place(fields: Fields, [first = '', ...rest]: readonly string[], value: Value): void {
  if (rest.length === 0) fields[first] = value;
  else {
    const inner = fields[first]?.mapValue?.fields ?? {};
    place(inner, rest, value);
    fields[first] = { mapValue: { fields: inner }, valueType: 'mapValue' };
  }
}

/** The order of kinds (https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering). */
function rankOf(value: Value & { referenceValue?: string }): number {
  if (value.booleanValue !== undefined) return 1;
  if (value.integerValue !== undefined || value.doubleValue !== undefined) return 2;
  if (value.timestampValue !== undefined) return 3;
  if (value.stringValue !== undefined) return 4;
  if (value.referenceValue !== undefined) return 6;
  if (value.arrayValue !== undefined) return 8;
  if (value.mapValue !== undefined) return 9;
  return 0;
}

const numberOf = (value: Value) => Number(value.integerValue ?? value.doubleValue);

function compare(
  one: Value & { referenceValue?: string },
  other: Value & { referenceValue?: string },
): number {
  const rank = rankOf(one) - rankOf(other);
  if (rank !== 0) return rank;
  switch (rankOf(one)) {
    case 0:
      return 0;
    case 1:
      return Number(one.booleanValue) - Number(other.booleanValue);
    case 2:
      return numberOf(one) - numberOf(other);
    case 3:
      return compareStamps(one.timestampValue ?? {}, other.timestampValue ?? {});
    case 4:
      return compareTexts(one.stringValue ?? '', other.stringValue ?? '');
    case 6:
      return compareTexts(one.referenceValue ?? '', other.referenceValue ?? '');
    default:
      return compareTexts(JSON.stringify(one), JSON.stringify(other));
  }
}

const compareTexts = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

type ProtoStamp = { seconds?: number | string; nanos?: number };
const compareStamps = (one: ProtoStamp, other: ProtoStamp) =>
  Number(one.seconds ?? 0) - Number(other.seconds ?? 0) || Number(one.nanos ?? 0) - Number(other.nanos ?? 0);
