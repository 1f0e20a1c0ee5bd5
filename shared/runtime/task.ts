import type { Firestore } from '@google-cloud/firestore';
import type { Redis } from '@upstash/redis';
import type * as z from 'zod';
import type { Caller } from '../doors/auth/caller.ts';
import type { TokenDeps } from '../doors/auth/token.ts';
import type { Clock } from '../doors/clock.ts';
import type { Config } from '../doors/config.ts';
import type { Meter } from '../doors/cost.ts';
import type { Log } from '../doors/log.ts';
import type { Post } from '../doors/mail/post.ts';

/** What every function is handed: its engines, its clock and its configuration. Built once per process. */
export interface Deps extends TokenDeps {
  store: Firestore;
  redis: Redis;
  log: Log;
  /** Returns a number from 0 to 1, by chance. */
  random: () => number;
}

/** What one run works with: the engines, the instant the run decides by, and the meter that counts its cost. */
export interface RunContext {
  store: Firestore;
  redis: Redis;
  meter: Meter;
  /** This run's outgoing mail; undefined where no EMAIL_HOST is configured. */
  post: Post | undefined;
  /** The instant of all decisions of this run, read from the clock once. */
  now: Date;
  /** What is left of the run's budget, in milliseconds of real time. */
  leftMs(): number;
  /** For the time of an effect; decisions are made at `now`. */
  clock: Clock;
  /** Returns a number from 0 to 1, by chance. */
  random: () => number;
  /** The scheduled instant that this run is for; null for any other run. */
  occurrence: Date | null;
  /** The run's id in the ledger; that of a scheduled run is the same in every attempt. */
  runId: string;
  /** How the run came about, and who asked for it, where that is a person or an account. */
  trigger: Caller['kind'];
  requestedBy: string | null;
  /** What the task counts beside its candidates; handed to its reply and kept in the run's record. */
  tally: Record<string, number>;
  config: Config;
  log: Log;
}

/**
 * A rule's verdict on a candidate: act, skip, or fail at once, each with a reason from the task's closed list. A dry run
 * shows the note beside the verdict.
 */
export type Decision<Reason extends string> = { note?: Note } & (
  | { act: true; reason: Reason }
  | { act: false; reason: Reason; failed?: { retry: boolean } }
);

/** What became of a candidate that was to be acted on. */
export type ActResult<Reason extends string> = { note?: Note } & (
  | { outcome: 'acted' }
  | { outcome: 'skipped'; reason: Reason }
  /** `retry` is true when another attempt within minutes may heal it and no next attempt is recorded anywhere else. */
  | { outcome: 'failed'; reason: string; retry: boolean }
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

/** What was handed to Cloud Tasks. */
export interface Dispatched {
  batches: number;
  candidates: number;
}

/**
 * How a task lets others do its work where a queue of Cloud Tasks is configured: what is to be acted on goes out in batches,
 * and each is gathered, decided and acted on again by whichever instance gets it.
 */
export interface FanOut<Candidate> {
  /** Candidates per batch, at most. A group is never split. */
  batchSize: number;
  /**
   * A batch that has not reported so many seconds after it was handed on is lost: the run is closed without it, and the next
   * one finds its candidates again. Shorter than the time between two runs, or those in between find this one at work.
   */
  deadlineSeconds: number;
  /** The candidates of these ids as they are now; those that are none any more are left out. */
  load(ids: readonly string[], context: RunContext): AsyncIterable<Candidate>;
}

/** What a task's own reply is made from. */
export interface ReplyFacts<Params> {
  /** The instant of the run's decisions. */
  now: Date;
  outcome: Outcome;
  dryRun: boolean;
  params: Params;
  counts: Counts;
  /** Candidates per reason: of those acted on, why they were; of the others, why not. */
  reasons: Readonly<Record<'acted' | 'skipped' | 'failed', Readonly<Record<string, number>>>>;
  /** What the task has counted in the context. */
  tally: Readonly<Record<string, number>>;
  /** What the candidates acted on had to tell, in the order they were done; the first hundred. */
  notes: readonly Note[];
  /** Where the run was handed on: how much of it. */
  dispatched?: Dispatched;
}

/**
 * A periodic task. The runtime does the rest once: authentication, parameters, lease, occurrence, budget, dry run,
 * counts, ledger, cost, log line and reply.
 */
export interface Task<
  Shape extends z.ZodRawShape = z.ZodRawShape,
  Candidate extends { id: string } = { id: string },
  Facts = unknown,
  Reason extends string = string,
> {
  /** Folder, function, Scheduler job and log label share this name. */
  name: string;
  route: string;
  methods: readonly ('GET' | 'POST')[];
  /** The task's own parameters; `dry_run` and `budget_seconds` are added by the runtime. */
  params: Shape;
  /** What a delivery that finds the lease held is told: 200 `skipped_overlap`, or 503 so that Scheduler retries. */
  onOverlap: 'skip' | 'retry';
  /** What a failed run answers; 503 where nothing else is said. Cloud Scheduler retries both. */
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
  groupOf?(candidate: Candidate): string;
  /** Absent: every run of this task works in the instance that is called. */
  fanOut?: FanOut<Candidate>;
  /** All candidates, as a backpressured stream; never all in memory. */
  find(context: RunContext, params: z.infer<z.ZodObject<Shape>>): AsyncIterable<Candidate>;
  /** The facts that deciding needs, in bulk. */
  gather(batch: readonly Candidate[], context: RunContext): Promise<Facts>;
  /** Pure. */
  decide(
    candidate: Candidate,
    facts: Facts,
    params: z.infer<z.ZodObject<Shape>>,
    now: Date,
  ): Decision<Reason>;
  /** Conditional, idempotent effects; one result per candidate, in order. */
  act(
    batch: readonly Candidate[],
    facts: Facts,
    params: z.infer<z.ZodObject<Shape>>,
    context: RunContext,
  ): Promise<ActResult<Reason>[]>;
  /** The task's own fields of the answer, which come first. */
  reply(facts: ReplyFacts<z.infer<z.ZodObject<Shape>>>): Record<string, unknown>;
}

/** A task with its own types forgotten, as the runtime holds it. */
// biome-ignore lint/suspicious/noExplicitAny: candidates and facts differ per task; each task is checked where it is defined
export type AnyTask = Task<any, any, any, any>;
