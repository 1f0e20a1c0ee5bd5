import { deliveriesCase } from './deliveries.ts';
import { killCase, measuring } from './kill.ts';
import { movedClockCase } from './moved-clock.ts';
import { outageCases } from './outage.ts';
import type { FaultCase, FaultPlan } from './plan.ts';
import type { TaskUnderFault } from './trial.ts';

/**
 * Builds a task's plan with every kind of fault. `more` adds cases for this task only, with the functions they need.
 */
export function taskPlan(
  task: TaskUnderFault,
  more: { cases?: readonly FaultCase[]; functions?: readonly string[] } = {},
): FaultPlan {
  const measured = measuring(task);
  return {
    name: task.name,
    functions: [task.name, ...(more.functions ?? [])],
    cases: [
      killCase(task, { sample: 1, full: 100 }, measured),
      deliveriesCase(task, { sample: 1, full: 20 }, measured),
      ...outageCases(task, measured),
      movedClockCase(task, { sample: 1, full: 20 }, measured),
      ...(more.cases ?? []),
    ],
  };
}
