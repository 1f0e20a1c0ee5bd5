import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationPlaces, impersonalPlaces, personalPlaces } from '../../infra/cli/erase/places.ts';
import { RETENTION } from '../../infra/cli/retention/rules.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Names of collections in `collection('x')`, `collectionGroup('x')`, `doc('x/y')`, and the last of `collection(`x/${id}/y`)`. */
function collectionsIn(source: string): string[] {
  const named = [...source.matchAll(/\.(?:collection|collectionGroup)\(\s*['`]([a-z_]+)['`]/g)];
  const below = [...source.matchAll(/\.collection\(\s*`[^`]*\/([a-z_]+)`/g)];
  const documents = [...source.matchAll(/\.doc\(\s*['`]([a-z_]+)\//g)];
  return [...named, ...below, ...documents].map(([, name = '']) => name);
}

it('every collection that the product writes is erased, told of, or holds nothing of a person', () => {
  const files = globSync('{functions,shared}/**/*.ts', { cwd: ROOT });
  const used = new Set(files.flatMap((file) => collectionsIn(readFileSync(join(ROOT, file), 'utf8'))));
  const declared = new Set([
    ...personalPlaces.map(({ collection }) => collection),
    ...Object.keys(configurationPlaces),
    ...Object.keys(impersonalPlaces),
  ]);
  expect(used.size).toBeGreaterThan(15);
  expect([...used].filter((name) => !declared.has(name))).toEqual([]);
  expect([...declared].filter((name) => !used.has(name))).toEqual([]);
});

it('every collection that holds something of a person has a rule how long it is kept', () => {
  expect(personalPlaces.map(({ collection }) => collection).sort()).toEqual(
    Object.keys(RETENTION)
      .filter((name) => !Object.hasOwn(impersonalPlaces, name))
      .sort(),
  );
});
