import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { isSampled, LONG_SECONDS, SEED, type TestTimes, TIMES } from './sample/draw.ts';

/**
 * Ends a test run with the line `N passed, N failed, N skipped`. With `SAMPLE=measure` it stores which tests are long.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'pending') counts.skipped += 1;
        else counts[state] += 1;
      }
      // A file that fails to load has no tests, but must count as a failure.
      if (module.state() === 'failed' && module.errors().length > 0) counts.failed += 1;
    }
    if (process.env['SAMPLE'] === 'measure') storeTimes(modules);
    if (isSampled)
      process.stdout.write(
        `\nA quarter of the long tests ran (SEED=${SEED}). SAMPLE=all npm test runs each.\n`,
      );
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}

function storeTimes(modules: readonly TestModule[]): void {
  const times: TestTimes = {};
  for (const module of modules.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1))) {
    const seconds = [...module.children.allTests()]
      .map((test): [string, number] => [test.name, (test.diagnostic()?.duration ?? 0) / 1000])
      .filter(([, duration]) => duration >= LONG_SECONDS);
    // The faults draw their own sample.
    if (seconds.length === 0 || module.relativeModuleId.startsWith('test/faults/faults')) continue;
    times[module.relativeModuleId] = Object.fromEntries(
      seconds.toSorted().map(([title, duration]) => [title, Math.round(duration * 10) / 10]),
    );
  }
  writeFileSync(TIMES, `${JSON.stringify(times, null, 2)}\n`);
}
