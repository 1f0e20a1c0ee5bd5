import type { Write } from './model/documents.ts';

/** Changes a write on its way to the store, as a fault in the product would; null drops it. */
export type Mutate = (write: Write) => Write | null;

const pathOf = ({ update, delete: deleted }: Write) =>
  (update?.name ?? deleted ?? '').replace(/^.*\/documents\//, '');

/** Drops the preconditions of writes to these documents: of all, of creations, or of changes. */
export const withoutCondition =
  (path: RegExp, which: 'all' | 'create' | 'change' = 'all'): Mutate =>
  (write) => {
    const isCreate = write.currentDocument?.exists === false;
    const isMeant = which === 'all' || (which === 'create') === isCreate;
    return isMeant && path.test(pathOf(write)) ? { ...write, currentDocument: null } : write;
  };

/** Drops writes to these documents whose field has this value. */
export const withoutWrite =
  (path: RegExp, field: string, value: string): Mutate =>
  (write) =>
    path.test(pathOf(write)) && write.update?.fields?.[field]?.stringValue === value ? null : write;

/** Drops all writes to these documents. */
export const withoutWrites =
  (path: RegExp): Mutate =>
  (write) =>
    path.test(pathOf(write)) ? null : write;

/** Drops the mark by which a process recognises its own write. */
export const withoutMark: Mutate = (write) => {
  const { update, updateMask } = write;
  if (!update?.fields?.['write_attempt']) return write;
  const { write_attempt: _mark, ...fields } = update.fields;
  const fieldPaths = updateMask?.fieldPaths?.filter((name) => name !== 'write_attempt');
  return { ...write, update: { ...update, fields }, ...(fieldPaths ? { updateMask: { fieldPaths } } : {}) };
};
