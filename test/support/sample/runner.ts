import { relative } from 'node:path';
import { type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest';
import { isDrawn, isSampled, readTimes } from './draw.ts';

/** Skips the long tests that the seed does not draw. */
export default class SamplingRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    if (!isSampled) return;
    const times = readTimes();
    for (const file of files) {
      const path = relative(process.cwd(), file.filepath);
      const long = times[path];
      if (long) leaveOut(file, (title) => title in long && !isDrawn(path, title));
    }
  }
}

/** Skips these tests, and each group without any other, since its preparation takes time too. */
function leaveOut(task: RunnerTask, isLeftOut: (title: string) => boolean): void {
  if (task.type === 'suite') {
    for (const child of task.tasks) leaveOut(child, isLeftOut);
    if (task.tasks.every(({ mode }) => mode === 'skip' || mode === 'todo')) task.mode = 'skip';
  } else if (isLeftOut(task.name)) task.mode = 'skip';
}
