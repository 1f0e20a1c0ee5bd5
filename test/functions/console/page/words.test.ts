import { describe, expect, it } from 'vitest';
import { checkDelayAlerts } from '../../../../functions/check-delay-alerts/task.ts';
import { cleanStaleSessions } from '../../../../functions/clean-stale-sessions/task.ts';
import { closeInactiveVisits } from '../../../../functions/close-inactive-visits/task.ts';
import { reasonsEn } from '../../../../functions/console/page/tasks/reasons-en.ts';
import { reasonsFr } from '../../../../functions/console/page/tasks/reasons-fr.ts';
import { processFollowups } from '../../../../functions/process-followups/task.ts';
import { tasks } from '../../../../functions/registry.ts';
import { syncInbox } from '../../../../functions/sync-inbox/task.ts';
import { testPresence } from '../../../../functions/test-presence/task.ts';
import { watchRuns } from '../../../../functions/watch-runs/task.ts';
import { REASONS } from '../../../../shared/domains/followups/reasons.ts';
import type { FailureKind } from '../../../../shared/domains/inbox/imap/failure.ts';
import { checks } from '../../../../shared/domains/presence/probe.ts';

type ReasonOf<Task> = Task extends { decide(...args: never[]): { reason: infer Reason } } ? Reason : never;

/** Every reason of a task's closed list; the compiler refuses one too few or too many. */
const all = <Reason extends string>(reasons: Record<Reason, 1>): string[] => Object.keys(reasons);

const reasonsOf: Record<string, string[]> = {
  [closeInactiveVisits.name]: all<ReasonOf<typeof closeInactiveVisits>>({
    timeout: 1,
    max_length: 1,
    still_active: 1,
    start_unreadable: 1,
    changed_meanwhile: 1,
  }),
  [cleanStaleSessions.name]: all<ReasonOf<typeof cleanStaleSessions>>({
    stale: 1,
    recent: 1,
    alive_meanwhile: 1,
  }),
  [testPresence.name]: [...all<ReasonOf<typeof testPresence>>({ check: 1 }), ...Object.keys(checks)],
  [checkDelayAlerts.name]: [
    ...all<ReasonOf<typeof checkDelayAlerts>>({
      new: 1,
      reminder: 1,
      forced: 1,
      suppressed: 1,
      beyond_limit: 1,
      changed_meanwhile: 1,
      mail_paused: 1,
      mail_not_configured: 1,
      no_active_recipient: 1,
      invalid_address: 1,
      in_flight: 1,
      released: 1,
      unknown: 1,
    }),
    // How a delivery may fail.
    'refused',
    'budget',
    'mail_system',
    'try_later',
  ],
  [processFollowups.name]: all<ReasonOf<typeof processFollowups>>(
    Object.fromEntries(Object.keys(REASONS).map((reason) => [reason, 1])) as Record<keyof typeof REASONS, 1>,
  ),
  [syncInbox.name]: [
    ...all<ReasonOf<typeof syncInbox>>({
      due: 1,
      backoff: 1,
      disabled: 1,
      invalid: 1,
      busy: 1,
      budget: 1,
    }),
    ...all<FailureKind>({
      auth: 1,
      busy: 1,
      network: 1,
      timeout: 1,
      tls: 1,
      protocol: 1,
      credentials: 1,
      host: 1,
    }),
  ],
  [watchRuns.name]: all<ReasonOf<typeof watchRuns>>({
    watching: 1,
    open: 1,
    tell: 1,
    withdraw: 1,
    unreported: 1,
    told: 1,
    nobody_to_tell: 1,
    on_time: 1,
    paused: 1,
    another_watchman: 1,
    known: 1,
  }),
};

describe('the reasons that the console shows', () => {
  it.each(tasks.map(({ name }) => name))('of %s have words in French and in English', (name) => {
    const wanted = reasonsOf[name] ?? [];
    expect(wanted.length).toBeGreaterThan(0);
    const wordless = (words: Record<string, string>) => wanted.filter((reason) => !words[reason]?.trim());
    expect([wordless(reasonsEn), wordless(reasonsFr)]).toEqual([[], []]);
  });

  it('are no more than those of the tasks', () => {
    const known = new Set([...Object.values(reasonsOf).flat(), 'no_result']);
    expect(Object.keys(reasonsEn).filter((reason) => !known.has(reason))).toEqual([]);
  });
});
