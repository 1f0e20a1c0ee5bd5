import { readFileSync } from 'node:fs';
import { z } from 'zod';

const order = z.enum(['ASCENDING', 'DESCENDING']);
const single = z.strictObject({
  order: order.optional(),
  arrayConfig: z.literal('CONTAINS').optional(),
  // gcloud's exemptions apply to a collection only, and gcloud would silently ignore a wider scope.
  queryScope: z.literal('COLLECTION').optional(),
});

/** infra/firestore.indexes.json, in the form of the Firebase tools. */
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

/** Returns the arguments of `gcloud firestore indexes composite create`, a list per index. */
export function toCompositeFlags({ indexes }: IndexFile): string[][] {
  return indexes.map(({ collectionGroup, queryScope, fields }) => [
    `--collection-group=${collectionGroup}`,
    `--query-scope=${queryScope.toLowerCase().replace('_', '-')}`,
    ...fields.map(({ fieldPath, ...kind }) => `--field-config=field-path=${fieldPath},${formatIndex(kind)}`),
  ]);
}

/** Returns the arguments of `gcloud firestore indexes fields update`, a list per field with other than default indexes. */
export function toExemptionFlags({ fieldOverrides }: IndexFile): string[][] {
  return fieldOverrides.map(({ collectionGroup, fieldPath, indexes }) => [
    fieldPath,
    `--collection-group=${collectionGroup}`,
    ...(indexes.length === 0 ? ['--disable-indexes'] : indexes.map((kind) => `--index=${formatIndex(kind)}`)),
  ]);
}

/** Returns the arguments of `gcloud firestore fields ttls update`, a list per field by which documents expire. */
export function toTtlFlags({ fieldOverrides }: IndexFile): string[][] {
  return fieldOverrides
    .filter(({ ttl }) => ttl)
    .map(({ collectionGroup, fieldPath }) => [fieldPath, `--collection-group=${collectionGroup}`]);
}

function formatIndex(kind: { order?: string | undefined; arrayConfig?: string | undefined }): string {
  return kind.order ? `order=${kind.order.toLowerCase()}` : 'array-config=contains';
}
