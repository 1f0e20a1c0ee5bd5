import type { Family } from './measure.ts';

const fill = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);

/** Runs of one unit, with a near-miss at the end or before it. */
const run = (unit: string): Family[] => [
  { name: `${JSON.stringify(unit)} repeated`, make: (size) => fill(unit, size) },
  { name: `${JSON.stringify(unit)} repeated, then x`, make: (size) => `${fill(unit, size)}x` },
];

/** The opening `open` again and again, each closed or none. */
const nesting = ([open, close]: readonly [string, string]): Family[] => [
  { name: `${JSON.stringify(open)} nested, never closed`, make: (size) => fill(open, size) },
  {
    name: `${JSON.stringify(open)} nested, closed by ${JSON.stringify(close)}`,
    make: (size) => {
      const depth = Math.ceil(size / (open.length + close.length));
      return open.repeat(depth) + close.repeat(depth);
    },
  },
];

/** `before`, a run, and `after`. */
const framed = (before: string, unit: string, after: string): Family => ({
  name: `${JSON.stringify(before)}, ${JSON.stringify(unit)} repeated, ${JSON.stringify(after)}`,
  make: (size) => before + fill(unit, size) + after,
});

/** The delimiters that a reader looks for; their runs, alternations and nestings are its families. */
export interface Delimiters {
  runs: readonly string[];
  nested?: readonly (readonly [string, string])[];
  framed?: readonly (readonly [string, string, string])[];
}

/** A reader with more delimiters has no alternations of neighbours, which would take too long. */
const MAX_PAIRED = 9;

/** Returns the families of a reader's delimiters. */
export function familiesOf({ runs, nested = [], framed: frames = [] }: Delimiters): Family[] {
  const pairs = runs.length > MAX_PAIRED ? [] : runs.slice(1).map((unit, index) => `${runs[index]}${unit}`);
  return [
    ...[...runs, ...pairs].flatMap(run),
    ...nested.flatMap(nesting),
    ...frames.map((frame) => framed(...frame)),
  ];
}
