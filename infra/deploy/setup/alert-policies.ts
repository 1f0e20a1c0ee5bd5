/** Counts the log lines of watch-runs, of which there is one per run. */
export const RUNS_METRIC = {
  name: 'ronde_watch_runs',
  description: 'Runs of watch-runs',
  filter: 'resource.type="cloud_run_revision" jsonPayload.task="watch-runs" jsonPayload.run_id:*',
} as const;

const FIVE_MINUTES = '300s';

const aggregate = (aligner: string) => ({
  alignmentPeriod: FIVE_MINUTES,
  perSeriesAligner: aligner,
  crossSeriesReducer: 'REDUCE_SUM',
});

/** The alert policies, in the form of Cloud Monitoring's REST v3. Their names recognise them in the project. */
export const ALERT_POLICIES = [
  {
    displayName: 'Ronde: watch-runs is silent',
    combiner: 'OR',
    documentation: { content: 'watch-runs wrote no log line for 15 minutes: run ronde doctor.' },
    conditions: [
      {
        displayName: 'no run for 15 minutes',
        conditionAbsent: {
          filter: `metric.type="logging.googleapis.com/user/${RUNS_METRIC.name}" AND resource.type="cloud_run_revision"`,
          duration: '900s',
          aggregations: [aggregate('ALIGN_DELTA')],
        },
      },
    ],
  },
  {
    displayName: 'Ronde: functions answer 5xx',
    combiner: 'OR',
    documentation: { content: 'A function fails: read its log, docs/guides/operating.md.' },
    conditions: [
      {
        displayName: 'more than 5 in 5 minutes',
        conditionThreshold: {
          filter:
            'resource.type="cloud_run_revision" AND metric.type="run.googleapis.com/request_count" AND metric.labels.response_code_class="5xx"',
          comparison: 'COMPARISON_GT',
          thresholdValue: 5,
          duration: '0s',
          aggregations: [{ ...aggregate('ALIGN_DELTA'), groupByFields: ['resource.label.service_name'] }],
        },
      },
    ],
  },
  {
    displayName: 'Ronde: Cloud Scheduler cannot call a task',
    combiner: 'OR',
    documentation: { content: 'A job failed: ronde scheduler list, then the log of its function.' },
    conditions: [
      {
        displayName: 'a job failed',
        conditionMatchedLog: { filter: 'resource.type="cloud_scheduler_job" severity>=ERROR' },
      },
    ],
    alertStrategy: { notificationRateLimit: { period: '3600s' } },
  },
] as const;
