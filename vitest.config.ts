import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { COMPILED } from './test/support/node-process.ts';

/**
 * The files that take longest, in the order of their measured time: they begin first. Else one of them would be the
 * last, with a processor idle beside it.
 */
const LONGEST = [
  /faults\/faults/,
  /deploy\/d/,
  /cli\/(presence|cli|import)/,
  /page\/(console|inbox)/,
  /cli\/(scheduler|erase|doctor)/,
  /functions\/(presence\/api|process-followups\/(mail|task|races)|watch-runs\/(task|killed)|close-inactive-visits\/task)/,
  /page\/(followups|people)/,
  /cli\/|browser\/|docs-gcloud|api\/followups\/followups/,
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = LONGEST.findIndex((pattern) => pattern.test(moduleId));
      return rank === -1 ? LONGEST.length : rank;
    };
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

// The workers read it when they start, and so does each Node process that inherits their environment.
process.env.NODE_COMPILE_CACHE ??= COMPILED;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/engines.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    sequence: { sequencer: LongFirst },
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // A third one works while two wait for an engine, a browser or a timer.
    maxWorkers: 2,
    env: { METADATA_SERVER_DETECTION: 'none' },
  },
});
