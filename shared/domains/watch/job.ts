/** What the watchman has to know of a job of the schedule; all spans in seconds. */
export interface WatchedJob {
  task: string;
  schedule: string;
  time_zone: string;
  /** The smallest gap between two occurrences. */
  period_seconds: number;
  /** How late a run may start before its round counts as missed. */
  grace_seconds: number;
  /** After this a run starts nothing new. */
  budget_seconds: number;
  /** The schedule itself keeps the job's clock stopped. */
  paused: boolean;
}
