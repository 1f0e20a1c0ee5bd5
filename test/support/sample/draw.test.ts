import { expect, it } from 'vitest';
import { isDrawn, readTimes } from './draw.ts';

const long = Object.entries(readTimes()).flatMap(([file, tests]) =>
  Object.keys(tests).map((title) => ({ file, title })),
);

it.each([1, 2, 3, 4, 5])('the seed %i draws about a quarter of the long tests', (seed) => {
  const drawn = long.filter(({ file, title }) => isDrawn(file, title, seed)).length;
  expect(drawn / long.length).toBeGreaterThan(0.15);
  expect(drawn / long.length).toBeLessThan(0.35);
});

it('each long test comes with one of 40 seeds', () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
  const never = long.filter(({ file, title }) => !seeds.some((seed) => isDrawn(file, title, seed)));
  expect(never).toEqual([]);
});
