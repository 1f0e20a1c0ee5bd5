import type * as z from 'zod';
import type { Caller } from '../doors/auth/caller.ts';
import type { TokenDeps } from '../doors/auth/token.ts';
import type { CountedEngines, ProcessEngines } from '../doors/engines.ts';

/** The engines, the clock and the configuration of a process, made once. */
export interface Deps extends TokenDeps, ProcessEngines {}

/** The tools of one run: engines that count their use, and the instant of its decisions. */
export interface RunContext
  extends CountedEngines,
    Pick<ProcessEngines, 'clock' | 'config' | 'log' | 'random'> {
  /** The instant of all decisions of this run, read from the clock once; `clock` gives the time of effects. */
  now: Date;
  /** True if nothing may be written anywhere. */
  dryRun: boolean;
  /** Returns the rest of the run's budget, in milliseconds of real time. */
  leftMs(): number;
  /** The scheduled instant that this run is for; null for any other run. */
  occurrence: Date | null;
  /** The run's id in the ledger; that of a scheduled run is the same in every attempt. */
  runId: string;
  /** The caller's kind, and the person or account that requested the run. */
  trigger: Caller['kind'];
  requestedBy: string | null;
  /** Further counts of the task, for the reply and the run's record. */
  tally: Record<string, number>;
}

/** The types of one task. */
export interface TaskTypes {
  params: z.ZodRawShape;
  candidate: { id: string };
  /** The answer of `open`: run-wide state, never carried by candidates. */
  run: unknown;
  /** The answer of `gather`. */
  facts: unknown;
  /** The closed list of reasons. */
  reason: string;
  /** The part of decide's answer that `act` needs. */
  plan: unknown;
}

export type ParamsOf<T extends TaskTypes> = z.infer<z.ZodObject<T['params']>>;

/**
 * A rule's answer for a candidate: act, skip, or fail at once, each with a reason from the task's closed list. `act` gets
 * the plan. A dry run shows the note.
 */
export type Decision<Reason extends string, Plan = undefined> = { note?: Note } & (
  | ({ act: true; reason: Reason } & (undefined extends Plan ? { plan?: Plan } : { plan: Plan }))
  | ({ act: false; reason: Reason; failed?: { retry: boolean } } & Unfinished)
);

/** Left undone, by lack of time or in another attempt's hands: the run is then not complete. */
type Unfinished = { isUnfinished?: true };

/** A candidate to act on, with decide's answer. */
export interface Decided<T extends TaskTypes = TaskTypes> {
  candidate: T['candidate'];
  reason: T['reason'];
  plan: T['plan'];
}

/** The input of decide: the facts of a batch, the run's state, its parameters and its instant. */
export interface Given<T extends TaskTypes> {
  facts: T['facts'];
  run: T['run'];
  params: ParamsOf<T>;
  now: Date;
}

/** A failure of a store, with the store's own code. */
export type StoreFailure = `store_${string}`;

/** The result of acting on a candidate. */
export type ActResult<Reason extends string> = { note?: Note } & (
  | { outcome: 'acted' }
  | ({ outcome: 'skipped'; reason: Reason } & Unfinished)
  /** `retry`: another attempt within minutes may heal it, and no other attempt is recorded anywhere. */
  | ({ outcome: 'failed'; reason: Reason | StoreFailure; retry: boolean } & Unfinished)
);

/** Further facts about an act, for the run's record and the reply. */
export type Note = Readonly<Record<string, string | number | boolean | null>>;

/** The outcome of a run. `deduplicated` and `skipped_overlap` did no work. */
export type Outcome =
  | 'succeeded'
  | 'nothing_to_do'
  | 'partial'
  | 'skipped_overlap'
  | 'deduplicated'
  /** Dispatched to Cloud Tasks; its end replaces this outcome in the ledger. */
  | 'dispatched'
  | 'failed';

/** The sums of a run; candidates = acted + skipped + failed. In a dry run `acted` is what would be acted on. */
export interface Counts {
  candidates: number;
  acted: number;
  skipped: number;
  failed: number;
}

/** How a run ended, for what follows it. */
export interface RunEnding {
  outcome: Outcome;
  complete: boolean;
  counts: Counts;
}

/** The size of what a run dispatched to Cloud Tasks. */
export interface Dispatched {
  batches: number;
  candidates: number;
}

/**
 * Spreads a task's work over instances if a queue of Cloud Tasks is configured. A run dispatches the candidates to act on in
 * batches, and the instance that gets a batch gathers, decides and acts again.
 */
export interface FanOut<T extends TaskTypes> {
  /** Candidates per batch, at most. A group is never split. */
  batchSize: number;
  /**
   * A batch without a result this long after its dispatch is lost: the run is closed without it, and the next run finds its
   * candidates again. It must be shorter than the time between two runs, or the next one finds this run at work.
   */
  deadlineSeconds: number;
  /** Streams the candidates of these ids as they are now, without those that are gone. */
  load(ids: readonly string[], run: T['run'], context: RunContext): AsyncIterable<T['candidate']>;
}

/** The input of a task's reply. */
export interface ReplyFacts<Params> {
  /** The instant of the run's decisions. */
  now: Date;
  outcome: Outcome;
  dryRun: boolean;
  params: Params;
  counts: Counts;
  /** The number of candidates per reason. */
  reasons: Readonly<Record<'acted' | 'skipped' | 'failed', Readonly<Record<string, number>>>>;
  /** The context's tally. */
  tally: Readonly<Record<string, number>>;
  /** The first hundred notes of the candidates acted on, in order. */
  notes: readonly Note[];
  dispatched?: Dispatched;
}

/**
 * A periodic task: open, find, gather, decide, act, after. The runtime does the rest once: authentication, parameters,
 * lease, occurrence, budget, dry run, counts, ledger, cost, log line, reply, and the message of a run that did no work.
 */
export interface Task<T extends TaskTypes = TaskTypes> {
  /** The name of the folder, the function, the Scheduler job and the log label. */
  name: string;
  route: string;
  methods: readonly ('GET' | 'POST')[];
  /** The language of the reply's message, the same as in the replaced system. */
  language: 'en' | 'fr';
  /** The task's own parameters; the runtime adds `dry_run` and `budget_seconds`. */
  params: T['params'];
  /** The answer to a delivery that finds the lease held: 200 `skipped_overlap`, or 503 so that Scheduler retries. */
  onOverlap: 'skip' | 'retry';
  /** The status of a failed run, 503 by default. Cloud Scheduler retries both. */
  failedStatus?: 500 | 503;
  /** No work begins after this long, or after the caller's shorter budget. */
  budgetSeconds: number;
  batchSize: number;
  /** Batches in flight at a time. */
  concurrency: number;
  /**
   * Returns the group of a candidate. A group is never split over two batches, and `find` yields it in one piece. Absent:
   * each candidate is its own group.
   */
  groupOf?(candidate: T['candidate']): string;
  /** Absent: every run of this task works in the called instance. */
  fanOut?: FanOut<T>;
  /** Reads the run-wide state once: settings, quotas, gates. The other steps get it. */
  open?(context: RunContext, params: ParamsOf<T>): Promise<T['run']>;
  /** Streams all candidates with backpressure, never all in memory. */
  find(run: T['run'], context: RunContext, params: ParamsOf<T>): AsyncIterable<T['candidate']>;
  /** Reads the facts that deciding needs, in bulk. */
  gather?(batch: readonly T['candidate'][], run: T['run'], context: RunContext): Promise<T['facts']>;
  /** Decides about one candidate; pure. */
  decide(candidate: T['candidate'], given: Given<T>): Decision<T['reason'], T['plan']>;
  /** Performs conditional, idempotent effects. Returns one result per candidate, in order. */
  act(decided: readonly Decided<T>[], run: T['run'], context: RunContext): Promise<ActResult<T['reason']>[]>;
  /** Called once after a real run has ended in this instance and its record is written. */
  after?(run: T['run'], end: RunEnding, context: RunContext): Promise<void>;
  /** Returns the task's own fields of the response, which come first. */
  reply(facts: ReplyFacts<ParamsOf<T>>): Record<string, unknown>;
}

/** A task without its own types, as the runtime uses it. */
// biome-ignore lint/suspicious/noExplicitAny: the types differ per task; each task is checked where it is defined
export type AnyTask = Task<any>;
