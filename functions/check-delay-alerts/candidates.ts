import {
  type Recipient,
  readAlertSettings,
  readRecipients,
} from '../../shared/domains/tickets/alerts/documents.ts';
import { Recheck } from '../../shared/domains/tickets/alerts/recheck.ts';
import { searchLate } from '../../shared/domains/tickets/alerts/search.ts';
import { type OpenDigest, openDigests } from '../../shared/domains/tickets/alerts/state.ts';
import type { AlertSettings, LateTicket } from '../../shared/domains/tickets/delay.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** What all candidates of a run have in common. */
export interface Round {
  settings: AlertSettings;
  /** The run's occurrence, else its start: what windows are counted with. */
  occurrence: Date;
  runId: string;
  /** The ids of all late tickets. */
  late: ReadonlySet<string>;
  recheck: Recheck;
}

/** A late ticket and somebody to be told of it. */
export interface Pair {
  kind: 'pair';
  id: string;
  late: LateTicket;
  /** The place among the late tickets, the oldest being 0. */
  rank: number;
  /** Null where there is nobody. */
  recipient: Recipient | null;
  /** The recipient's digests that earlier runs left unsettled. */
  open: readonly OpenDigest[];
  round: Round;
}

/** A digest whose run died. */
export interface Orphan {
  kind: 'orphan';
  id: string;
  digest: OpenDigest;
}

export type Candidate = Pair | Orphan;

/** Whose mail a candidate belongs to: all of a recipient's are decided and done together. */
export const groupOf = (candidate: Candidate): string =>
  candidate.kind === 'orphan' ? candidate.digest.address : (candidate.recipient?.address ?? candidate.id);

/** Every late ticket with every active recipient, and what dead runs have left; recipient by recipient. */
export async function* findCandidates(
  context: RunContext,
  thresholdDays: number | undefined,
): AsyncGenerator<Candidate> {
  const { store, meter, now, tally } = context;
  const settings = await readAlertSettings(store, meter);
  const [search, open] = await Promise.all([
    searchLate(context, settings, thresholdDays),
    openDigests(store, now, meter),
  ]);
  const { checked, late } = search;
  Object.assign(tally, { checked, overdue: late.length });
  const round: Round = {
    settings,
    occurrence: context.occurrence ?? now,
    runId: context.runId,
    late: new Set(late.map(({ ticket }) => ticket.id)),
    recheck: new Recheck(context, search),
  };
  const recipients = late.length === 0 ? [] : await readRecipients(store, meter);
  const addresses = new Set(recipients.map(({ address }) => address));
  for (const digest of open) if (!addresses.has(digest.address)) yield* orphan(digest);
  for (const recipient of recipients.length === 0 ? [null] : recipients) {
    const own = open.filter(({ address }) => address === recipient?.address);
    for (const digest of own) yield* orphan(digest);
    for (const [rank, one] of late.entries()) {
      const id = `${one.ticket.id}:${recipient?.id ?? 'nobody'}`;
      yield { kind: 'pair', id, late: one, rank, recipient, open: own, round };
    }
  }
}

function* orphan(digest: OpenDigest): Generator<Orphan> {
  if (digest.todo === 'take' || digest.todo === 'unknown')
    yield { kind: 'orphan', id: `digest:${digest.messageId}`, digest };
}
