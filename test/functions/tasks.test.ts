import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tasks } from '../../functions/tasks.ts';
import { readSchedule } from '../../infra/scheduler/file.ts';

const ROOT = join(import.meta.dirname, '../..');
const names = tasks.map(({ name }) => name);

it('every folder with a task is in functions/tasks.ts', () => {
  const folders = globSync('functions/*/task.ts', { cwd: ROOT }).map((path) => path.split('/')[1] ?? '');
  const faults = folders
    .filter((name) => !names.includes(name))
    .map(
      (name) =>
        `functions/tasks.ts lacks ${name}: import functions/${name}/task.ts there and add it to tasks`,
    );
  expect(folders.length).toBeGreaterThanOrEqual(names.length);
  expect(faults.join('\n')).toBe('');
});

it.each(names)('%s is served by the index.ts of its folder', (name) => {
  const file = `functions/${name}/index.ts`;
  const served = existsSync(join(ROOT, file));
  expect(served ? '' : `${file} is missing: serve the task as functions/sync-inbox/index.ts does`).toBe('');
});

it.each(names)('%s has a test in the folder of its name', (name) => {
  const file = `test/functions/${name}/task.test.ts`;
  expect(existsSync(join(ROOT, file)) ? '' : `${file} is missing: test the task there`).toBe('');
});

it('every task has its function and its job in the schedule', () => {
  // A missing function or job is a ScheduleError, which names the file, the line and the remedy.
  const { functions, jobs } = readSchedule();
  const scheduled = functions.flatMap(({ name, task }) => (task ? [name] : []));
  expect(scheduled.sort()).toEqual([...names].sort());
  for (const name of names) expect(jobs.filter((job) => job.function === name)).toHaveLength(1);
});
