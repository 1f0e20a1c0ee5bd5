import type { Counts, Outcome } from '../../../shared/runtime/task.ts';
import type { FaultStage } from './stage.ts';

/** The answer to a delivery. Fields are null if authentication or a store failed. */
export interface DeliveryAnswer {
  status: number;
  outcome: Outcome | null;
  runId: string | null;
  attempt: number;
  complete: boolean;
  counts: Counts | null;
  /** Real milliseconds until the answer. */
  ms: number;
  body: Record<string, unknown>;
}

export interface FaultDelivery {
  /** The occurrence in Cloud Scheduler's format; null for a manual run. */
  occurrence: string | null;
  params?: Record<string, unknown>;
}

/** Delivers to a task's process with the cron secret. Returns null if the process died before it answered. */
export async function deliver(
  url: string,
  stage: FaultStage,
  delivery: FaultDelivery,
): Promise<DeliveryAnswer | null> {
  const begun = performance.now();
  const { occurrence } = delivery;
  const sent = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Cron-Secret': stage.secret,
      ...(occurrence === null ? {} : { 'X-CloudScheduler-ScheduleTime': occurrence }),
    },
    body: JSON.stringify(delivery.params ?? {}),
  })
    .then(async (response) => ({
      status: response.status,
      body: (await response.json()) as DeliveryAnswer['body'],
    }))
    .catch(() => null);
  if (sent === null) return null;
  const { status, body } = sent;
  return {
    status,
    outcome: (body.outcome as Outcome | undefined) ?? null,
    runId: (body.run_id as string | undefined) ?? null,
    attempt: Number(body.attempt ?? 0),
    complete: body.complete === true,
    counts: (body.counts as Counts | undefined) ?? null,
    ms: performance.now() - begun,
    body,
  };
}

/** Returns true if this answer leaves no work for its occurrence. */
export function isDone(answer: DeliveryAnswer | null): boolean {
  return (
    answer?.status === 200 &&
    answer.complete &&
    ['succeeded', 'nothing_to_do', 'deduplicated'].includes(answer.outcome ?? '')
  );
}
