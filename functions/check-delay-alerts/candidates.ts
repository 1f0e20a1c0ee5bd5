import {
  type AlertRecipient,
  readAlertSettings,
  readRecipients,
} from '../../shared/domains/tickets/alerts/documents.ts';
import { matchFilter } from '../../shared/domains/tickets/alerts/filter.ts';
import { Recheck } from '../../shared/domains/tickets/alerts/recheck.ts';
import { searchLate } from '../../shared/domains/tickets/alerts/search.ts';
import { type OpenDigest, openDigests } from '../../shared/domains/tickets/alerts/state.ts';
import type { AlertSettings, LateTicket } from '../../shared/domains/tickets/delay.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** The state of one run: what it read once. */
export interface AlertRun {
  settings: AlertSettings;
  /** The scheduled instant of the run, or its start if it was not scheduled. Repeat windows count from it. */
  occurrence: Date;
  runId: string;
  force: boolean;
  /** All late tickets, the oldest first. */
  late: readonly LateTicket[];
  /** All active recipients; empty if nothing is late. */
  recipients: readonly AlertRecipient[];
  /** The digests that earlier runs left unsettled. */
  open: readonly OpenDigest[];
  recheck: Recheck;
}

/** A late ticket and a recipient to notify. */
export interface Pair {
  kind: 'pair';
  id: string;
  late: LateTicket;
  /** The place among the recipient's late tickets, the oldest being 0. */
  rank: number;
  /** Null if no active recipient is responsible for the ticket. */
  recipient: AlertRecipient | null;
  /** The recipient's digests that earlier runs left unsettled. */
  open: readonly OpenDigest[];
}

/** A digest whose run died. */
export interface Orphan {
  kind: 'orphan';
  id: string;
  digest: OpenDigest;
}

export type AlertCandidate = Pair | Orphan;

/** Returns the recipient of a candidate's mail: all candidates of one recipient are decided and done together. */
export const groupOf = (candidate: AlertCandidate): string =>
  candidate.kind === 'orphan' ? candidate.digest.address : (candidate.recipient?.address ?? candidate.id);

/** Reads the settings, the late tickets, the recipients and what dead runs left. */
export async function openAlertRun(
  context: RunContext,
  params: { force: boolean; threshold_days?: number | undefined },
): Promise<AlertRun> {
  const { store, now, tally } = context;
  const settings = await readAlertSettings(store);
  const [search, open] = await Promise.all([
    searchLate(context, settings, params.threshold_days),
    openDigests(store, now),
  ]);
  const { checked, late } = search;
  Object.assign(tally, { checked, overdue: late.length });
  return {
    settings,
    occurrence: context.occurrence ?? now,
    runId: context.runId,
    force: params.force,
    late,
    recipients: late.length === 0 ? [] : await readRecipients(store),
    open,
    recheck: new Recheck(context, search),
  };
}

/**
 * Yields every late ticket with every active recipient whose filter it passes, and what dead runs left; recipient by
 * recipient. A ticket that no recipient is responsible for comes alone, at the end.
 */
export async function* findCandidates({ late, recipients, open }: AlertRun): AsyncGenerator<AlertCandidate> {
  const addresses = new Set(recipients.map(({ address }) => address));
  for (const digest of open) if (!addresses.has(digest.address)) yield* orphan(digest);
  const covered = new Set<LateTicket>();
  for (const recipient of recipients) {
    const own = open.filter(({ address }) => address === recipient.address);
    for (const digest of own) yield* orphan(digest);
    let rank = 0;
    for (const one of late) {
      const match = matchFilter(recipient.filter, one);
      if (match !== 'never') covered.add(one);
      if (match !== 'now') continue;
      yield { kind: 'pair', id: `${one.ticket.id}:${recipient.id}`, late: one, rank, recipient, open: own };
      rank += 1;
    }
  }
  for (const [rank, one] of late.entries())
    if (!covered.has(one))
      yield { kind: 'pair', id: `${one.ticket.id}:nobody`, late: one, rank, recipient: null, open: [] };
}

function* orphan(digest: OpenDigest): Generator<Orphan> {
  if (digest.todo === 'take' || digest.todo === 'unknown')
    yield { kind: 'orphan', id: `digest:${digest.messageId}`, digest };
}
