/** The part of a scheduled job that watch-runs needs. */
export interface WatchedJob {
  task: string;
  schedule: string;
  time_zone: string;
  /** The smallest gap between two occurrences. */
  period_seconds: number;
  /** A run that starts later than this leaves its occurrence missed. */
  grace_seconds: number;
  /** A run starts nothing new after this. */
  budget_seconds: number;
  /** True if the schedule file itself pauses the job. */
  paused: boolean;
}
