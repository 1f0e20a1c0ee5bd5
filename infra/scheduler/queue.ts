import { BATCH_ATTEMPTS, BATCH_BACKOFF_SECONDS } from '../../shared/runtime/fan-out/settings.ts';
import type { ScheduledFunction } from './parse.ts';

/** A queue of Cloud Tasks as a function of the schedule wants it; durations are in seconds. */
export interface WantedQueue {
  /** The function's name: queue, function, job and log label share it. */
  id: string;
  maxConcurrent: number;
  maxPerSecond: number;
  attempts: number;
  backoff: number;
}

/** The queues of those functions that fan out. */
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

/** Arguments of `gcloud tasks queues create` and `update`; everything is stated, so that nothing drifts. */
export const queueFlags = ({ maxConcurrent, maxPerSecond, attempts, backoff }: WantedQueue): string[] => [
  `--max-concurrent-dispatches=${maxConcurrent}`,
  `--max-dispatches-per-second=${maxPerSecond}`,
  `--max-attempts=${attempts}`,
  `--min-backoff=${backoff}s`,
  `--max-backoff=${backoff}s`,
];
