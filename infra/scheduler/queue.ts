import { BATCH_ATTEMPTS, BATCH_BACKOFF_SECONDS } from '../../shared/runtime/fan-out/settings.ts';
import type { ScheduledFunction } from './parse.ts';

/** A Cloud Tasks queue that a function of the schedule needs; durations are in seconds. */
export interface WantedQueue {
  /** The name of the function, which its queue, job and log label share. */
  id: string;
  maxConcurrent: number;
  maxPerSecond: number;
  attempts: number;
  backoff: number;
}

/** Returns a queue for each function that fans out. */
export function wantedQueues(functions: readonly ScheduledFunction[]): WantedQueue[] {
  return functions.flatMap(({ name, fan_out: fanOut }) =>
    fanOut
      ? [
          {
            id: name,
            maxConcurrent: fanOut.max_concurrent,
            maxPerSecond: fanOut.max_per_second,
            attempts: BATCH_ATTEMPTS,
            backoff: BATCH_BACKOFF_SECONDS,
          },
        ]
      : [],
  );
}

/** Returns the arguments of `gcloud tasks queues create` and `update`. States everything, so that nothing drifts. */
export const queueFlags = ({ maxConcurrent, maxPerSecond, attempts, backoff }: WantedQueue): string[] => [
  `--max-concurrent-dispatches=${maxConcurrent}`,
  `--max-dispatches-per-second=${maxPerSecond}`,
  `--max-attempts=${attempts}`,
  `--min-backoff=${backoff}s`,
  `--max-backoff=${backoff}s`,
];
