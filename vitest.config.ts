import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { COMPILED } from './test/support/node-process.ts';
import { isDrawn, isSampled, readTimes } from './test/support/sample/draw.ts';

const times = readTimes();

/** Seconds that a file's long tests take, of those that this run draws. */
function secondsOf(file: string): number {
  const long = Object.entries(times[file] ?? {});
  const drawn = long.filter(([title]) => !isSampled || isDrawn(file, title));
  return drawn.reduce((sum, [, seconds]) => sum + seconds, 0);
}

/** The files that take longest begin first. Else one of them would be the last, with a processor idle beside it. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const file = relative(import.meta.dirname, moduleId);
      return /faults\/faults/.test(file) ? Infinity : secondsOf(file);
    };
    return sorted.toSorted((one, other) => rankOf(other) - rankOf(one));
  }
}

// The workers read it when they start, and so does each Node process that inherits their environment.
process.env.NODE_COMPILE_CACHE ??= COMPILED;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    runner: './test/support/sample/runner.ts',
    globalSetup: ['test/support/engines.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    sequence: { sequencer: LongFirst },
    // The longest test takes a minute and a half on two quiet cores; a busy machine must not make it fail.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // A third one works while two wait for an engine, a browser or a timer.
    maxWorkers: 2,
    env: { METADATA_SERVER_DETECTION: 'none' },
  },
});
