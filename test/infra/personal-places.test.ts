import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationPlaces, personalPlaces } from '../../infra/cli/erase/places.ts';
import { RETENTION } from '../../infra/cli/retention/rules.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Collections without personal data, and why. */
const impersonalPlaces: Readonly<Record<string, string>> = {
  watch_state: 'when watch-runs checked each task',
  followup_state: 'how far the walk over the rows of other back ends has come',
  folders: 'how far a mailbox is synchronised, in numbers',
};

/** Names of collections in `collection('x')`, `collectionGroup('x')`, `doc('x/y')`, and the last of `collection(`x/${id}/y`)`. */
function collectionsIn(source: string): string[] {
  const named = [...source.matchAll(/\.(?:collection|collectionGroup)\(\s*['`]([a-z_]+)['`]/g)];
  const below = [...source.matchAll(/\.collection\(\s*`[^`]*\/([a-z_]+)`/g)];
  const documents = [...source.matchAll(/\.doc\(\s*['`]([a-z_]+)\//g)];
  return [...named, ...below, ...documents].map(([, name = '']) => name);
}

/** The collections that the product names, each with the first file that does. */
function usedCollections(): Map<string, string> {
  const used = new Map<string, string>();
  for (const file of globSync('{functions,shared}/**/*.ts', { cwd: ROOT }).sort())
    for (const name of collectionsIn(readFileSync(join(ROOT, file), 'utf8')))
      if (!used.has(name)) used.set(name, file);
  return used;
}

const personal = personalPlaces.map(({ collection }) => collection);

it('every collection of the product is erased, reported, or holds no personal data', () => {
  const used = usedCollections();
  const declared = new Set([
    ...personal,
    ...Object.keys(configurationPlaces),
    ...Object.keys(impersonalPlaces),
  ]);
  expect(used.size).toBeGreaterThan(15);
  const unknown = [...used].filter(([name]) => !declared.has(name));
  const unused = [...declared].filter((name) => !used.has(name));
  const faults = [
    ...unknown.map(
      ([name, file]) =>
        `${file} uses collection ${name}, which no erasure knows: add it to shared/domains/<domain>/erase.ts if it ` +
        'holds something of a person (a new erase.ts also to infra/cli/erase/places.ts), else to impersonalPlaces in ' +
        'test/infra/personal-places.test.ts or configurationPlaces in infra/cli/erase/places.ts',
    ),
    ...unused.map(
      (name) =>
        `infra/cli/erase/places.ts or an erase.ts it imports has collection ${name}, which no code uses: remove it`,
    ),
  ];
  expect(faults.join('\n')).toBe('');
});

it('every collection with personal data has one place, and with it one retention rule', () => {
  expect(new Set(personal).size).toBe(personal.length);
  expect(Object.keys(RETENTION).sort()).toEqual([...personal].sort());
});
