import { expect, it } from 'vitest';
import { tasks } from '../../functions/tasks.ts';
import { plans, UNPLANNED } from './plans.ts';

const planned = plans.map(({ name }) => name);
const names = tasks.map(({ name }) => name);

it.each(names)('%s has a fault plan or a reason to have none', (name) => {
  const fault =
    planned.includes(name) || UNPLANNED[name]
      ? ''
      : `test/faults/${name}.ts is missing: export its plan there as "plan" (see close-inactive-visits.ts), or add ` +
        'the task with its reason to UNPLANNED in test/faults/plans.ts';
  expect(fault).toBe('');
});

it('excuses no task that has a plan or does not exist', () => {
  const excused = Object.keys(UNPLANNED).filter((name) => planned.includes(name) || !names.includes(name));
  expect(
    excused
      .map((name) => `test/faults/plans.ts excuses ${name}, which has a plan or is no task: remove it there`)
      .join('\n'),
  ).toBe('');
});
