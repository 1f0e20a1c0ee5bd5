import { describe, expect, it } from 'vitest';
import { familiesOf } from './families.ts';
import { growthOf, MAX_RATIO } from './measure.ts';
import { documentReaders } from './readers/documents.ts';
import { mailReaders } from './readers/mail.ts';
import type { Reader } from './readers/reader.ts';
import { requestReaders } from './readers/requests.ts';
import { serverReaders } from './readers/servers.ts';

const readers = [...mailReaders, ...serverReaders, ...requestReaders, ...documentReaders];

/** Returns the families whose time grows faster than their length, with the times. */
async function findFaults({ read, cap, delimiters }: Reader): Promise<string[]> {
  const attempt = async (text: string) => {
    try {
      await read(text);
    } catch {
      // A refusal is an answer.
    }
  };
  const faults: string[] = [];
  for (const family of familiesOf(delimiters)) {
    const { ratio, times } = await growthOf(attempt, family, cap);
    const measured = times.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`).join(', ');
    if (ratio >= MAX_RATIO) faults.push(`${family.name}: ${ratio.toFixed(1)} per doubling (${measured})`);
  }
  return faults;
}

describe('the time of a reader of outside text', () => {
  it.each(readers)('$name grows no faster than the text', async (reader) => {
    expect(await findFaults(reader)).toEqual([]);
  });

  it('is measured for at least forty readers, each of its own name', () => {
    expect(new Set(readers.map(({ name }) => name)).size).toBe(readers.length);
    expect(readers.length).toBeGreaterThanOrEqual(40);
  });

  it('shows a planted quadratic reader', async () => {
    const planted = (text: string) => /\/+$/.test(text);
    const faults = await findFaults({
      name: 'planted',
      cap: 16_000,
      delimiters: { runs: ['/'] },
      read: planted,
    });
    expect(faults).toEqual([expect.stringMatching(/^"\/" repeated, then x: /)]);
  });
});
