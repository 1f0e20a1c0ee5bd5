import { protos } from '@google-cloud/scheduler';
import type { ServerJob } from './compare.ts';
import type { JobBody } from './job.ts';

type Proto = protos.google.cloud.scheduler.v1.IJob;

const toDuration = (text: string) => ({ seconds: Number.parseFloat(text) });

/** Converts a job of the file for Google's client. */
export function toProto({ httpTarget, retryConfig, attemptDeadline, ...job }: JobBody): Proto {
  return {
    ...job,
    attemptDeadline: toDuration(attemptDeadline),
    retryConfig: {
      retryCount: retryConfig.retryCount,
      maxDoublings: retryConfig.maxDoublings,
      minBackoffDuration: toDuration(retryConfig.minBackoffDuration),
      maxBackoffDuration: toDuration(retryConfig.maxBackoffDuration),
      maxRetryDuration: toDuration(retryConfig.maxRetryDuration),
    },
    httpTarget: httpTarget as NonNullable<Proto['httpTarget']>,
  };
}

interface PlainJob {
  name?: string;
  description?: string;
  schedule?: string;
  timeZone?: string;
  state?: string;
  status?: { code?: number };
  attemptDeadline?: { seconds?: number };
  retryConfig?: Record<string, number | { seconds?: number }>;
  httpTarget?: ServerJob['httpTarget'];
  scheduleTime?: { seconds?: number };
  lastAttemptTime?: { seconds?: number };
}

/** Converts a job of Google's client. */
export function toServerJob(proto: Proto): ServerJob {
  const { Job } = protos.google.cloud.scheduler.v1;
  const job: PlainJob = Job.toObject(Job.fromObject(proto), { enums: String, bytes: String, longs: Number });
  const retry = Object.entries(job.retryConfig ?? {}).map(([key, value]) => [
    key,
    typeof value === 'number' ? value : `${value.seconds ?? 0}s`,
  ]);
  return {
    name: job.name ?? '',
    description: job.description ?? '',
    schedule: job.schedule ?? '',
    timeZone: job.timeZone ?? '',
    attemptDeadline: job.attemptDeadline ? `${job.attemptDeadline.seconds ?? 0}s` : '',
    retryConfig: Object.fromEntries(retry) as ServerJob['retryConfig'],
    httpTarget: job.httpTarget ?? null,
    state: job.state ?? 'STATE_UNSPECIFIED',
    nextAt: toInstant(job.scheduleTime),
    lastAt: toInstant(job.lastAttemptTime),
    lastCode: job.lastAttemptTime ? (job.status?.code ?? 0) : null,
  };
}

function toInstant(time: { seconds?: number } | undefined): string | null {
  return time?.seconds ? new Date(time.seconds * 1000).toISOString().replace('.000Z', 'Z') : null;
}
