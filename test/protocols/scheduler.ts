import { AsyncLocalStorage } from 'node:async_hooks';

/** One concurrent party of a protocol: a run, a person, the passing of time. */
export interface Party {
  name: string;
  state: 'running' | 'waiting' | 'done' | 'dead';
  /** False for parties that no platform kills: a person, the clock. */
  isKillable: boolean;
  /** The error that ended it, if any. */
  error: unknown;
}

/** A call that waits for its turn. Each end but the first costs a fault. */
export interface Waiting {
  party: Party;
  label: string;
  ends: readonly string[];
  resume(end: string): void;
}

/** A party that neither waits nor ends for this long waits for something real; the bound only ends a hanging test. */
const STUCK_MS = 30_000;
/** A party with several calls at once has nothing left to do but wait for them after this many turns of the event loop. */
const QUIET_TURNS = 50;

/**
 * Stops every party at each of its calls, and lets one go on at a time. Between two calls a party runs as far as it can,
 * so that only the order and the ends of calls decide what happens.
 */
export class Scheduler {
  readonly #current = new AsyncLocalStorage<Party>();
  readonly parties: Party[] = [];
  waiting: Waiting[] = [];
  /** While false, calls go on at once: for what comes before and after the exploration. */
  isExploring = true;

  /** Starts a party. */
  start(name: string, work: () => Promise<void>, isKillable = true): Party {
    const party: Party = { name, state: 'running', isKillable, error: null };
    this.parties.push(party);
    this.#current.run(party, () => {
      work().then(
        () => this.#end(party, null),
        (error: unknown) => this.#end(party, error),
      );
    });
    return party;
  }

  /** Stops the calling party until it is its turn; returns how the call ends. */
  async stop<End extends string>(label: string, ends: readonly [End, ...End[]]): Promise<End> {
    const party = this.#current.getStore();
    if (!party || !this.isExploring) return ends[0];
    if (party.state === 'dead') return await new Promise<never>(() => undefined);
    // A call beside one that failed outlives its party.
    if (party.state !== 'done') party.state = 'waiting';
    return await new Promise((resolve) => {
      const resume = (end: string) => {
        if (party.state !== 'done') party.state = 'running';
        resolve(end as End);
      };
      this.waiting.push({ party, label, ends, resume });
    });
  }

  /** Lets a waiting call go on with this end. */
  resume(call: Waiting, end: string): void {
    this.waiting = this.waiting.filter((other) => other !== call);
    call.resume(end);
  }

  /** Ends a party where it stands: nothing of it goes on. */
  kill(party: Party): void {
    party.state = 'dead';
    this.waiting = this.waiting.filter((call) => call.party !== party);
  }

  /** Takes back a waiting call of a party, as a closed connection does. */
  cancel(call: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== call);
  }

  /** Resolves when every party waits, is done or dead. */
  async settle(): Promise<void> {
    const began = performance.now();
    for (let turns = 0; performance.now() - began < STUCK_MS; turns += 1) {
      const running = this.parties.filter(({ state }) => state === 'running');
      const hasCall = (party: Party) => this.waiting.some((call) => call.party === party);
      if (running.length === 0 || (turns >= QUIET_TURNS && running.every(hasCall))) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const stuck = this.parties.filter(({ state }) => state === 'running');
    throw new Error(
      `${stuck.map(({ name }) => name).join(', ')} neither waits nor ends: something real is waited for`,
    );
  }

  #end(party: Party, error: unknown): void {
    if (party.state === 'dead') return;
    party.state = 'done';
    party.error = error;
  }
}
