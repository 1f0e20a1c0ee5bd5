import type * as z from 'zod';
import type { Caller } from '../doors/auth/caller.ts';
import type { TokenDeps } from '../doors/auth/token.ts';
import type { CountedEngines, ProcessEngines } from '../doors/engines.ts';

/** The engines, the clock and the configuration of a process; built once. */
export interface Deps extends TokenDeps, ProcessEngines {}

/** The tools of one run: engines that count what it uses, and the instant it decides by. */
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
  /** How the run came about, and the person or account that asked for it. */
  trigger: Caller['kind'];
  requestedBy: string | null;
  /** Counts of the task beside its candidates; the reply and the run's record get them. */
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
  | { act: false; reason: Reason; failed?: { retry: boolean } }
);

/** A candidate to act on, with decide's answer. */
export interface Decided<T extends TaskTypes = TaskTypes> {
  candidate: T['candidate'];
  reason: T['reason'];
  plan: T['plan'];
}

/** The facts of a batch, the state of the run, its parameters and its instant: all that decide may look at. */
export interface Given<T extends TaskTypes> {
  facts: T['facts'];
  run: T['run'];
  params: ParamsOf<T>;
  now: Date;
}

/** A failure of a store, by its code: which codes there are is for the store to say. */
export type StoreFailure = `store_${string}`;

/** What became of a candidate that was to be acted on. */
export type ActResult<Reason extends string> = { note?: Note } & (
  | { outcome: 'acted' }
  | { outcome: 'skipped'; reason: Reason }
  /** `retry` is true when another attempt within minutes may heal it and no next attempt is recorded anywhere else. */
  | { outcome: 'failed'; reason: Reason | StoreFailure; retry: boolean }
  /** The budget ended before it was begun: the run is not complete, and the next one goes on. */
  | { outcome: 'failed'; reason: 'budget'; retry: false; outOfTime: true }
);

/** What a candidate's act has to tell beside its outcome; kept in the run's record and handed to the reply. */
export type Note = Readonly<Record<string, string | number | boolean | null>>;

/** How a run ended, or was handed on. `deduplicated` and `skipped_overlap` did no work of their own. */
export type Outcome =
  | 'succeeded'
  | 'nothing_to_do'
  | 'partial'
  | 'skipped_overlap'
  | 'deduplicated'
  /** Handed to Cloud Tasks; what becomes of it stands in the ledger. */
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

/** What was handed to Cloud Tasks. */
export interface Dispatched {
  batches: number;
  candidates: number;
}

/**
 * How a task spreads its work over instances if a queue of Cloud Tasks is configured: candidates to act on are dispatched
 * in batches, and the instance that gets a batch gathers, decides and acts again.
 */
export interface FanOut<T extends TaskTypes> {
  /** Candidates per batch, at most. A group is never split. */
  batchSize: number;
  /**
   * A batch is lost if it has not reported this long after it was dispatched: the run is closed without it, and the next
   * one finds its candidates again. Shorter than the time between two runs, or those in between find this one at work.
   */
  deadlineSeconds: number;
  /** Streams the candidates of these ids as they are now, without those that are none any more. */
  load(ids: readonly string[], run: T['run'], context: RunContext): AsyncIterable<T['candidate']>;
}

/** The facts that a task's own reply is made from. */
export interface ReplyFacts<Params> {
  /** The instant of the run's decisions. */
  now: Date;
  outcome: Outcome;
  dryRun: boolean;
  params: Params;
  counts: Counts;
  /** Candidates per reason: of those acted on, why they were; of the others, why not. */
  reasons: Readonly<Record<'acted' | 'skipped' | 'failed', Readonly<Record<string, number>>>>;
  /** The context's tally. */
  tally: Readonly<Record<string, number>>;
  /** The notes of the candidates acted on, in the order they were done; the first hundred. */
  notes: readonly Note[];
  /** The size of what was dispatched. */
  dispatched?: Dispatched;
}

/**
 * A periodic task: open, find, gather, decide, act, after. The runtime does the rest once: authentication, parameters,
 * lease, occurrence, budget, dry run, counts, ledger, cost, log line, reply, and the words for a run that did nothing.
 */
export interface Task<T extends TaskTypes = TaskTypes> {
  /** Folder, function, Scheduler job and log label share this name. */
  name: string;
  route: string;
  methods: readonly ('GET' | 'POST')[];
  /** The language of the reply's message, as in the system that the task replaces. */
  language: 'en' | 'fr';
  /** The task's own parameters; the runtime adds `dry_run` and `budget_seconds`. */
  params: T['params'];
  /** The answer to a delivery that finds the lease held: 200 `skipped_overlap`, or 503 so that Scheduler retries. */
  onOverlap: 'skip' | 'retry';
  /** The status of a failed run, 503 by default. Cloud Scheduler retries both. */
  failedStatus?: 500 | 503;
  /** New work stops after this long, unless the caller asks for less. */
  budgetSeconds: number;
  batchSize: number;
  /** Batches in flight at a time. */
  concurrency: number;
  /**
   * Candidates whose effects are joint; a group is never split over two batches. `find` yields those of a group one after
   * the other. Absent: each candidate stands for itself.
   */
  groupOf?(candidate: T['candidate']): string;
  /** Absent: every run of this task works in the instance that is called. */
  fanOut?: FanOut<T>;
  /** Reads what a run knows once: settings, quotas, gates. Its answer is passed to the other steps. */
  open?(context: RunContext, params: ParamsOf<T>): Promise<T['run']>;
  /** All candidates, as a backpressured stream; never all in memory. */
  find(run: T['run'], context: RunContext, params: ParamsOf<T>): AsyncIterable<T['candidate']>;
  /** Reads the facts that deciding needs, in bulk. */
  gather?(batch: readonly T['candidate'][], run: T['run'], context: RunContext): Promise<T['facts']>;
  /** Pure. */
  decide(candidate: T['candidate'], given: Given<T>): Decision<T['reason'], T['plan']>;
  /** Conditional, idempotent effects of decide's answers; one result per candidate, in order. */
  act(decided: readonly Decided<T>[], run: T['run'], context: RunContext): Promise<ActResult<T['reason']>[]>;
  /** Called once when a real run has ended in this instance, after its record was written. */
  after?(run: T['run'], end: RunEnding, context: RunContext): Promise<void>;
  /** The task's own fields of the answer, which come first. */
  reply(facts: ReplyFacts<ParamsOf<T>>): Record<string, unknown>;
}

/** A task with its own types forgotten, as the runtime holds it. */
// biome-ignore lint/suspicious/noExplicitAny: the types differ per task; each task is checked where it is defined
export type AnyTask = Task<any>;
