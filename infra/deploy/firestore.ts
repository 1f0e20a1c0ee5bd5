import { readFileSync } from 'node:fs';
import { z } from 'zod';

const order = z.enum(['ASCENDING', 'DESCENDING']);
const single = z.strictObject({
  order: order.optional(),
  arrayConfig: z.literal('CONTAINS').optional(),
  queryScope: z.enum(['COLLECTION', 'COLLECTION_GROUP']).optional(),
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

const indexField = z.object({
  fieldPath: z.string(),
  order: z.string().optional(),
  arrayConfig: z.string().optional(),
});

/** The answer of `gcloud firestore indexes composite list`. */
export const compositeList = z.array(
  z.object({ name: z.string(), queryScope: z.string(), fields: z.array(indexField) }),
);

/** The answer of `gcloud firestore indexes fields list` and `fields ttls list`. */
export const fieldList = z.array(
  z.object({
    name: z.string(),
    indexConfig: z
      .object({
        indexes: z
          .array(z.object({ queryScope: z.string().default('COLLECTION'), fields: z.array(indexField) }))
          .default([]),
      })
      .prefault({}),
    ttlConfig: z.unknown().optional(),
  }),
);

const groupOf = (name: string): string => /\/collectionGroups\/([^/]+)\//.exec(name)?.[1] ?? '';
const pathOf = (name: string): string => name.split('/fields/')[1] ?? '';

/** Returns the arguments of `gcloud firestore indexes composite create`, a list per index that does not exist. */
export function toCompositeFlags(
  { indexes }: Pick<IndexFile, 'indexes'>,
  existing: z.infer<typeof compositeList> = [],
): string[][] {
  const key = (group: string, scope: string, fields: readonly z.infer<typeof indexField>[]) =>
    JSON.stringify([
      group,
      scope,
      // Firestore adds the document's name to every index.
      ...fields
        .filter(({ fieldPath }) => fieldPath !== '__name__')
        .map(({ fieldPath, order, arrayConfig }) => [fieldPath, order ?? arrayConfig]),
    ]);
  const known = new Set(
    existing.map(({ name, queryScope, fields }) => key(groupOf(name), queryScope, fields)),
  );
  return indexes
    .filter(({ collectionGroup, queryScope, fields }) => !known.has(key(collectionGroup, queryScope, fields)))
    .map(({ collectionGroup, queryScope, fields }) => [
      `--collection-group=${collectionGroup}`,
      `--query-scope=${queryScope.toLowerCase().replace('_', '-')}`,
      ...fields.map(
        ({ fieldPath, ...kind }) => `--field-config=field-path=${fieldPath},${formatIndex(kind)}`,
      ),
    ]);
}

type FieldOverride = IndexFile['fieldOverrides'][number];

/** Returns the fields whose single-field indexes differ from the file. */
export function findChangedFields(
  { fieldOverrides }: Pick<IndexFile, 'fieldOverrides'>,
  existing: z.infer<typeof fieldList> = [],
): FieldOverride[] {
  const describe = (indexes: readonly z.infer<typeof single>[]) =>
    indexes
      .map((kind) => `${kind.queryScope ?? 'COLLECTION'} ${formatIndex(kind)}`)
      .sort()
      .join();
  const known = new Map(
    existing.map(({ name, indexConfig }) => [
      `${groupOf(name)}.${pathOf(name)}`,
      describe(
        indexConfig.indexes.flatMap(({ queryScope, fields }) =>
          fields.map((field) => single.parse({ queryScope, ...pickKind(field) })),
        ),
      ),
    ]),
  );
  return fieldOverrides.filter(
    ({ collectionGroup, fieldPath, indexes }) =>
      known.get(`${collectionGroup}.${fieldPath}`) !== describe(indexes),
  );
}

const pickKind = ({ order, arrayConfig }: z.infer<typeof indexField>) =>
  order ? { order } : { arrayConfig };

/** Returns true for a field with an index over a collection group: gcloud would silently make it for a collection. */
export const isWide = ({ indexes }: FieldOverride): boolean =>
  indexes.some(({ queryScope }) => queryScope === 'COLLECTION_GROUP');

/** Returns the arguments of `gcloud firestore indexes fields update`. */
export function toExemptionFlags({ collectionGroup, fieldPath, indexes }: FieldOverride): string[] {
  return [
    fieldPath,
    `--collection-group=${collectionGroup}`,
    ...(indexes.length === 0 ? ['--disable-indexes'] : indexes.map((kind) => `--index=${formatIndex(kind)}`)),
  ];
}

/** Returns the body of Firestore's `fields.patch`: https://cloud.google.com/firestore/docs/reference/rest */
export function toIndexConfig({ fieldPath, indexes }: FieldOverride): object {
  const rows = indexes.map(({ queryScope = 'COLLECTION', ...kind }) => ({
    queryScope,
    fields: [{ fieldPath, ...kind }],
  }));
  return { indexConfig: { indexes: rows } };
}

/** Returns the fields by which documents expire and that have no TTL policy yet. */
export function findMissingTtls(
  { fieldOverrides }: Pick<IndexFile, 'fieldOverrides'>,
  existing: z.infer<typeof fieldList> = [],
): { group: string; field: string }[] {
  const known = new Set(existing.map(({ name }) => `${groupOf(name)}.${pathOf(name)}`));
  return fieldOverrides
    .filter(({ ttl, collectionGroup, fieldPath }) => ttl && !known.has(`${collectionGroup}.${fieldPath}`))
    .map(({ collectionGroup, fieldPath }) => ({ group: collectionGroup, field: fieldPath }));
}

function formatIndex(kind: { order?: string | undefined; arrayConfig?: string | undefined }): string {
  return kind.order ? `order=${kind.order.toLowerCase()}` : 'array-config=contains';
}
