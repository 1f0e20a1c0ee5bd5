import { withoutDovecot } from '../support/inbox/inbox.ts';
import type { FaultPlan } from './harness/plan.ts';
import { cursor, kill, overlap } from './sync-inbox/cut-short.ts';
import { NAME } from './sync-inbox/mailbox-trial.ts';
import { others } from './sync-inbox/others.ts';
import { randomOperations } from './sync-inbox/random-operations.ts';
import { stopSharedMailboxes } from './sync-inbox/shared-mailbox.ts';
import { dispatcherKilled, fanOut } from './sync-inbox-fan-out.ts';

/** The mailboxes' own kinds of faults: every run acts on them, and the server is a third party. */
export const plan: FaultPlan = {
  name: NAME,
  functions: [NAME],
  absent: withoutDovecot(),
  cases: [kill, overlap, cursor, randomOperations, others, fanOut, dispatcherKilled],
  stop: stopSharedMailboxes,
};
