import type { Firestore } from '@google-cloud/firestore';
import { isConflict } from '../doors/store/firestore.ts';
import type { OpenRun } from './ledger.ts';
import type { Counts } from './task.ts';

/** A run that takes this long writes how far it is, and does so again as often; most take less and write nothing. */
export const REPORT_MS = 5_000;

/** What a run tells of itself while it works. */
export interface Progress {
  /** Waits for the last word under way: what closes the run comes after it. */
  stop(): Promise<void>;
}

/**
 * Writes a run's counts into its record while it works, where they have changed. It is only told, never relied on: a write
 * that fails is left out, and once another attempt has the record this one says no more.
 */
export function reportProgress(
  store: Firestore,
  id: string,
  opened: OpenRun,
  counts: () => Counts,
  everyMs = REPORT_MS,
): Progress {
  const ref = store.collection('task_runs').doc(id);
  let reported = '';
  let reporting: Promise<void> | null = null;
  const report = async () => {
    const now = { ...counts() };
    if (JSON.stringify(now) === reported) return;
    try {
      const { writeTime } = await ref.update({ counts: now }, { lastUpdateTime: opened.writtenAt });
      opened.writtenAt = writeTime;
      reported = JSON.stringify(now);
    } catch (error) {
      if (isConflict(error)) clearInterval(timer);
    }
  };
  const timer = setInterval(() => {
    reporting ??= report().finally(() => {
      reporting = null;
    });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await reporting;
    },
  };
}
