import { readFileSync } from 'node:fs';
import { z } from 'zod';

const order = z.enum(['ASCENDING', 'DESCENDING']);
const single = z.strictObject({
  order: order.optional(),
  arrayConfig: z.literal('CONTAINS').optional(),
  // gcloud's exemptions are for a collection only; a wider scope would be lost without a word.
  queryScope: z.literal('COLLECTION').optional(),
});

/** infra/firestore.indexes.json, in the form that the Firebase tools also read. */
const indexFile = z.strictObject({
  indexes: z.array(
    z.strictObject({
      collectionGroup: z.string(),
      queryScope: z.enum(['COLLECTION', 'COLLECTION_GROUP']),
      fields: z.array(
        z.strictObject({
          fieldPath: z.string(),
          order: order.optional(),
          arrayConfig: z.literal('CONTAINS').optional(),
        }),
      ),
    }),
  ),
  fieldOverrides: z.array(
    z.strictObject({
      collectionGroup: z.string(),
      fieldPath: z.string(),
      ttl: z.boolean().optional(),
      indexes: z.array(single),
    }),
  ),
});

export type IndexFile = z.infer<typeof indexFile>;

/** Reads infra/firestore.indexes.json. */
export function readIndexes(): IndexFile {
  return indexFile.parse(
    JSON.parse(readFileSync(new URL('../firestore.indexes.json', import.meta.url), 'utf8')),
  );
}

/** Arguments of `gcloud firestore indexes composite create`, a list per index. */
export function compositeFlags({ indexes }: IndexFile): string[][] {
  return indexes.map(({ collectionGroup, queryScope, fields }) => [
    `--collection-group=${collectionGroup}`,
    `--query-scope=${queryScope.toLowerCase().replace('_', '-')}`,
    ...fields.map(({ fieldPath, ...kind }) => `--field-config=field-path=${fieldPath},${indexed(kind)}`),
  ]);
}

/** Arguments of `gcloud firestore indexes fields update`, a list per field whose single-field indexes are not the default. */
export function exemptionFlags({ fieldOverrides }: IndexFile): string[][] {
  return fieldOverrides.map(({ collectionGroup, fieldPath, indexes }) => [
    fieldPath,
    `--collection-group=${collectionGroup}`,
    ...(indexes.length === 0 ? ['--disable-indexes'] : indexes.map((kind) => `--index=${indexed(kind)}`)),
  ]);
}

/** Arguments of `gcloud firestore fields ttls update`, a list per field by which documents expire. */
export function ttlFlags({ fieldOverrides }: IndexFile): string[][] {
  return fieldOverrides
    .filter(({ ttl }) => ttl)
    .map(({ collectionGroup, fieldPath }) => [fieldPath, `--collection-group=${collectionGroup}`]);
}

function indexed(kind: { order?: string | undefined; arrayConfig?: string | undefined }): string {
  return kind.order ? `order=${kind.order.toLowerCase()}` : 'array-config=contains';
}
