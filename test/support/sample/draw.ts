import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds of each long test, by file and title, as measured when `SAMPLE=measure npm test` ran last. */
export const TIMES = join(import.meta.dirname, 'long-tests.json');
export type TestTimes = Record<string, Record<string, number>>;
/** A shorter test is always run. */
export const LONG_SECONDS = 0.4;
/** The part of the long tests that `npm test` runs. */
const PART = 1 / 4;

/** The seed of this run, as `SEED` names it. */
export const SEED = Number(process.env['SEED'] ?? 1);
/** True under `npm test`. Files that are named on the command line, and `.ci/run`, leave nothing out. */
export const isSampled = process.env['SAMPLE'] === 'part';

export const readTimes = (): TestTimes => JSON.parse(readFileSync(TIMES, 'utf8')) as TestTimes;

/** Returns true if the seed draws this long test. Each test comes with some seed. */
export function isDrawn(file: string, title: string, seed = SEED): boolean {
  const [first = 0] = createHash('sha256').update(`${seed}\n${file}\n${title}`).digest();
  return first < 256 * PART;
}
