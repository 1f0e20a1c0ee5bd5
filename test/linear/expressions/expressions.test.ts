import { expect, it } from 'vitest';
import { exceptions, expressions, madeIn, makers, wanted } from './exceptions.ts';
import { findExpressions } from './find.ts';
import { digestOf, findSlowness, readProven } from './proven.ts';

/** Other requests of the process wait this long at most. */
const MOST_MS = 60;

it('proves every regular expression of the product to be linear: npm run check:expressions proves new ones', () => {
  const proven = new Set(readProven());
  expect(wanted.filter((literal) => !proven.has(digestOf(literal)))).toEqual([]);
});

it('keeps no proof of an expression that is gone', () => {
  const digests = new Set(wanted.map(digestOf));
  expect(readProven().filter((digest) => !digests.has(digest))).toEqual([]);
});

it.each(exceptions)('bounds $file $begins: $bound', ({ file, begins, most, attack }) => {
  const matching = [...expressions].filter(
    ([text, files]) => text.startsWith(begins) && files.includes(file),
  );
  expect(matching).toHaveLength(1);
  const [literal = ''] = matching[0] ?? [];
  const end = literal.lastIndexOf('/');
  const expression = new RegExp(literal.slice(1, end), literal.slice(end + 1));
  const times = [1, 2, 3].map(() => {
    const before = process.threadCpuUsage();
    attack(most).replace(expression, '');
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  expect(Math.min(...times)).toBeLessThan(MOST_MS);
});

it('names each place that makes an expression at run time', () => {
  expect([...madeIn].sort()).toEqual(Object.keys(makers));
});

it('finds a planted quadratic expression, also one that is made', async () => {
  const planted = findExpressions([['planted.ts', 'text.replace(/\\/+$/g, ""); new RegExp(text);']]);
  expect([...planted.literals.keys()]).toEqual(['/\\/+$/g']);
  expect(planted.made).toEqual(['planted.ts: new RegExp(text)']);
  expect(await findSlowness('/\\/+$/g')).toContain('2nd degree polynomial');
  expect(await findSlowness('/^[a-z]+$/')).toBeNull();
});
