import { noUsage } from '../../shared/doors/cost.ts';
import { Post } from '../../shared/doors/mail/post.ts';
import type { MailConfig } from '../../shared/doors/mail/settings.ts';
import { countedStore } from '../../shared/doors/store/counted.ts';
import { Pipeline } from '../../shared/runtime/pipeline.ts';
import { emptyResult, type PipelineResult } from '../../shared/runtime/result.ts';
import type { AnyTask, RunContext } from '../../shared/runtime/task.ts';
import { ModelMailServer } from './model/smtp.ts';
import { ModelStore } from './model/store.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';

export const START = Date.parse('2026-06-10T10:00:00Z');
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
export const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

const CONFIG: MailConfig = {
  host: 'mail.example.test',
  port: 25,
  tls: 'none',
  login: undefined,
  limits: { connections: 8, perMinute: null },
  from: { address: 'billing@example.test' },
  redirectTo: undefined,
  paused: false,
  key: 'a key of the model only, never used elsewhere',
};

/** The world of one protocol: a store, a mail server and a clock, all moved by the scheduler. */
export class Stage {
  readonly scheduler: Scheduler;
  readonly model: ModelStore;
  readonly server: ModelMailServer;
  now = START;
  /** The number of calls that did not end as they should. */
  faults = 0;

  /**
   * Reads and commits are steps. A query is one only with `areQueriesSteps`, for protocols that decide by it; else it sees
   * what is there when it is asked.
   */
  constructor(scheduler: Scheduler, mutate?: Mutate, areQueriesSteps = false) {
    this.scheduler = scheduler;
    this.model = new ModelStore(async (call, ends) => {
      if (call === 'query' && !areQueriesSteps) return 'ok';
      const end = await scheduler.stop(call, ends as ['ok', 'fail']);
      if (end !== 'ok') this.faults += 1;
      return end;
    }, mutate);
    this.server = new ModelMailServer(scheduler);
  }

  clock = () => new Date(this.now);

  /** Prepares documents. Not a step. */
  async seed(documents: Readonly<Record<string, object>>): Promise<void> {
    this.scheduler.isExploring = false;
    for (const [path, fields] of Object.entries(documents)) await this.model.client.doc(path).set(fields);
    this.scheduler.isExploring = true;
  }

  /** Starts a party that lets a minute pass. */
  startMinute(name: string): void {
    const pass = async () => {
      await this.scheduler.stop('passes', ['ok']);
      this.now += MINUTE_MS + 1_000;
    };
    this.scheduler.start(name, pass, false);
  }

  post(): Post {
    return new Post({
      ...{ config: CONFIG, clock: this.clock, log: silentLog, meter: noUsage() },
      transport: {
        connect: async () => this.server.connect(),
        wait: () => this.scheduler.stop('waits', ['ok']),
      },
    });
  }

  /** Runs a real task without lease or ledger, as if Redis were away. */
  async runTask(
    task: AnyTask,
    runId: string,
    params: Record<string, unknown> = {},
    doors: Partial<RunContext> = {},
  ): Promise<PipelineResult> {
    await this.scheduler.stop('begins', ['ok']);
    const store = countedStore(this.model.client, noUsage());
    const context = {
      ...{
        store,
        post: this.post(),
        now: this.clock(),
        clock: this.clock,
        log: silentLog,
        dryRun: false,
        runId,
      },
      ...{ occurrence: null, trigger: 'scheduler', requestedBy: null, tally: {}, config: {} },
      leftMs: () => 240_000,
      ...doors,
    } as unknown as RunContext;
    const result = emptyResult();
    const pipeline = new Pipeline({ task, params, context, mayGoOn: () => true, result });
    await pipeline.open();
    await pipeline.runAll();
    return result;
  }

  /** Returns the parties that ended with an error although no call had failed. */
  findUnexpected(): string[] {
    if (this.faults > 0) return [];
    const failed = this.scheduler.parties.filter(({ error }) => error !== null);
    return failed.map(({ name, error }) => `${name} failed: ${String(error)}`);
  }
}
