import { seconds, timestamp } from '../scheduler/rules.ts';
import { type DeliverDeps, type Delivered, deliver, idOf } from './deliver.ts';
import { burstOf, type Queue, type QueuedTask } from './resources.ts';

/**
 * A fault that a test injects into a delivery:
 * - `twice`: it is delivered twice at once; Cloud Tasks promises "at least once"
 * - `never`: the task is dropped, as by an operator's purge
 * - `unacknowledged`: the answer is lost on its way back, so that the delivery is repeated
 */
export type Disturbance = 'twice' | 'never' | 'unacknowledged';
export type Disturb = (task: { name: string; attempt: number }) => Disturbance | null;

export interface DispatchDeps extends DeliverDeps {
  disturb: Disturb;
}

/** A queue with its tasks and its state. */
export interface QueueEntry {
  queue: Queue;
  tasks: Map<string, TaskEntry>;
  /** The instants, in milliseconds, until which names of removed tasks stay taken. */
  taken: Map<string, number>;
  /** Attempts in progress. */
  running: number;
  /** The token bucket. */
  tokens: number;
  refilledAt: number;
}

interface TaskEntry {
  task: QueuedTask;
  running: boolean;
}

/** "Another task with the same name can't be created for ~1hour after the original task was deleted or executed." */
const NAME_TAKEN_MS = 60 * 60_000;

/** Starts every attempt that its queue's state, rate and concurrency allow now. `track` remembers each. */
export function pump(
  entries: Iterable<QueueEntry>,
  deps: DispatchDeps,
  track: (attempt: Promise<void>) => void,
): void {
  const now = deps.clock().getTime();
  for (const entry of entries) {
    refill(entry, now);
    for (const one of [...entry.tasks.values()].sort(bySchedule)) {
      const { maxConcurrentDispatches = 1 } = entry.queue.rateLimits;
      const room = entry.running < maxConcurrentDispatches && entry.tokens >= 1;
      if (entry.queue.state !== 'RUNNING' || !room) break;
      if (one.running || new Date(one.task.scheduleTime).getTime() > now) continue;
      entry.tokens -= 1;
      track(attempt(entry, one, deps));
    }
  }
}

const bySchedule = (one: TaskEntry, other: TaskEntry) =>
  one.task.scheduleTime < other.task.scheduleTime ? -1 : 1;

function refill(entry: QueueEntry, now: number): void {
  const { maxDispatchesPerSecond = 1 } = entry.queue.rateLimits;
  const earned = (Math.max(0, now - entry.refilledAt) / 1000) * maxDispatchesPerSecond;
  entry.tokens = Math.min(burstOf(entry.queue), entry.tokens + earned);
  entry.refilledAt = now;
}

/** Makes one attempt. The task is then done, waits for its next attempt, or is dropped. */
export async function attempt(entry: QueueEntry, one: TaskEntry, deps: DispatchDeps): Promise<void> {
  const { task } = one;
  const disturbance = deps.disturb({ name: task.name, attempt: task.dispatchCount + 1 });
  if (disturbance === 'never') return forget(entry, task.name, deps.clock());
  one.running = true;
  entry.running += 1;
  begin(task, deps.clock());
  const deliveries = [deliver(task, deps), ...(disturbance === 'twice' ? [deliver(task, deps)] : [])];
  const [first] = await Promise.all(deliveries);
  one.running = false;
  entry.running -= 1;
  const lost: Delivered = { code: 14, detail: 'the answer was lost', retryAfterSeconds: 0 };
  const result = disturbance === 'unacknowledged' ? lost : (first as Delivered);
  end(task, result, deps.clock());
  deps.log(`${idOf(task.name)} attempt ${task.dispatchCount}: ${result.detail}`);
  if (entry.tasks.get(task.name) !== one) return;
  const retryAt = result.code === 0 ? null : retryInstant(entry.queue, task, result, deps.clock());
  if (retryAt) task.scheduleTime = timestamp(retryAt);
  else forget(entry, task.name, deps.clock());
}

function begin(task: QueuedTask, now: Date): void {
  task.dispatchCount += 1;
  const { scheduleTime } = task;
  task.firstAttempt ??= { dispatchTime: timestamp(now) };
  task.lastAttempt = { scheduleTime, dispatchTime: timestamp(now) };
}

function end(task: QueuedTask, { code, detail }: Delivered, now: Date): void {
  if (code !== 4 && code !== 14) task.responseCount += 1;
  if (!task.lastAttempt) return;
  task.lastAttempt.responseTime = timestamp(now);
  task.lastAttempt.responseStatus = { code, message: detail };
}

/** Removes a task; its name stays taken for about an hour. */
export function forget(entry: QueueEntry, name: string, now: Date): void {
  entry.tasks.delete(name);
  entry.taken.set(name, now.getTime() + NAME_TAKEN_MS);
}

/**
 * Returns the time of the next attempt, or null if there is none. With maxRetryDuration, attempts continue until both
 * limits are reached.
 * Retry-After is respected. The real service also slows a whole queue after many 429 and 503; this one does not.
 */
function retryInstant({ retryConfig }: Queue, task: QueuedTask, result: Delivered, now: Date): Date | null {
  const { maxAttempts = 100, maxRetryDuration, minBackoff, maxBackoff, maxDoublings = 16 } = retryConfig;
  const limit = seconds(maxRetryDuration) * 1000;
  const began = new Date(task.firstAttempt?.dispatchTime ?? now).getTime();
  const spent = maxAttempts !== -1 && task.dispatchCount >= maxAttempts;
  if (spent && !(limit > 0 && now.getTime() - began < limit)) return null;
  const step = seconds(minBackoff) * 2 ** Math.min(task.dispatchCount - 1, maxDoublings);
  const wait = Math.min(seconds(maxBackoff), step * Math.max(1, task.dispatchCount - maxDoublings));
  return new Date(now.getTime() + Math.max(wait, result.retryAfterSeconds) * 1000);
}
