import { type Party, Scheduler, type Waiting } from './scheduler.ts';

/** How far an exploration goes. Every interleaving within the bounds is tried. */
export interface Bounds {
  /** Times that a party which could go on has to wait for another. */
  preemptions: number;
  /** Calls that fail, lose their answer or are sent twice. */
  faults: number;
  kills: number;
}

/** One world of a protocol: its parties have started, and nothing has happened yet. */
export interface Trial {
  /** Lets undisturbed runs follow, so that what a fault left open is finished. */
  recover(): Promise<void>;
  /** Returns the invariants that are broken, in words. */
  findBroken(): string[];
}

export interface Protocol {
  name: string;
  /** The invariants in words. */
  promises: readonly string[];
  open(scheduler: Scheduler): Trial | Promise<Trial>;
}

/** One possible next event. */
interface Choice {
  text: string;
  isPreemption: boolean;
  isFault: boolean;
  isKill: boolean;
  take(): void;
}

export interface Walk {
  /** The place of each taken event among those that were possible. */
  picks: number[];
  widths: number[];
  trace: string[];
  broken: string[];
}

/** Picks an event among N. */
export type Pick = (width: number, step: number) => number;

/** Runs one interleaving to its end, and what follows it undisturbed. */
export async function walk(protocol: Protocol, bounds: Bounds, pick: Pick): Promise<Walk> {
  const scheduler = new Scheduler();
  const trial = await protocol.open(scheduler);
  const left = { ...bounds };
  const result: Walk = { picks: [], widths: [], trace: [], broken: [] };
  let last: Party | null = null;
  for (;;) {
    await scheduler.settle();
    const choices = choicesOf(scheduler, last, left);
    if (choices.length === 0) break;
    const index = Math.min(pick(choices.length, result.picks.length), choices.length - 1);
    const { choice, party } = choices[index] as { choice: Choice; party: Party };
    result.picks.push(index);
    result.widths.push(choices.length);
    result.trace.push(choice.text);
    left.preemptions -= choice.isPreemption ? 1 : 0;
    left.faults -= choice.isFault ? 1 : 0;
    left.kills -= choice.isKill ? 1 : 0;
    last = party;
    choice.take();
  }
  scheduler.isExploring = false;
  await trial.recover();
  result.broken = trial.findBroken();
  return result;
}

/** The events that may come next, the undisturbed one first. */
function choicesOf(
  scheduler: Scheduler,
  last: Party | null,
  left: Bounds,
): { choice: Choice; party: Party }[] {
  const canGoOn = scheduler.waiting.some(({ party }) => party === last);
  const calls = [...scheduler.waiting].sort(
    (one, other) => Number(other.party === last) - Number(one.party === last),
  );
  return calls.flatMap((call) => {
    const isPreemption = canGoOn && call.party !== last;
    if (isPreemption && left.preemptions <= 0) return [];
    return eventsOf(scheduler, call, left, isPreemption).map((choice) => ({ choice, party: call.party }));
  });
}

function eventsOf(scheduler: Scheduler, call: Waiting, left: Bounds, isPreemption: boolean): Choice[] {
  const { party, label, ends } = call;
  const choices = ends.map(
    (end, index): Choice => ({
      text: `${party.name}: ${label}${index === 0 ? '' : ` (${end})`}`,
      isPreemption,
      isFault: index > 0,
      isKill: false,
      take: () => scheduler.resume(call, end),
    }),
  );
  const possible = choices.filter(({ isFault }) => !isFault || left.faults > 0);
  if (!party.isKillable || left.kills <= 0) return possible;
  const kill: Choice = {
    text: `${party.name}: killed before ${label}`,
    ...{ isPreemption, isFault: false, isKill: true },
    take: () => scheduler.kill(party),
  };
  return [...possible, kill];
}

export interface Explored {
  walks: number;
  isComplete: boolean;
  /** The first walk that broke an invariant, the shortest trace of those seen. */
  failure: Walk | null;
}

/** Walks through every interleaving within the bounds, depth first; stops at the first broken one, or at the limit. */
export async function explore(protocol: Protocol, bounds: Bounds, limit: number): Promise<Explored> {
  let prefix: number[] | null = [];
  let walks = 0;
  while (prefix && walks < limit) {
    const path: number[] = prefix;
    const done = await walk(protocol, bounds, (_width, step) => path[step] ?? 0);
    walks += 1;
    if (done.broken.length > 0) return { walks, isComplete: false, failure: done };
    prefix = nextPrefix(done);
  }
  return { walks, isComplete: prefix === null, failure: null };
}

/** The next path in depth-first order; null after the last. */
function nextPrefix({ picks, widths }: Walk): number[] | null {
  for (let index = picks.length - 1; index >= 0; index -= 1) {
    const pick = picks[index] ?? 0;
    if (pick + 1 < (widths[index] ?? 0)) return [...picks.slice(0, index), pick + 1];
  }
  return null;
}

/** Takes random walks beyond the bounds of a complete exploration; the same seed gives the same walks. */
export async function exploreRandomly(
  protocol: Protocol,
  bounds: Bounds,
  { seed, walks }: { seed: number; walks: number },
): Promise<Explored> {
  for (let count = 1; count <= walks; count += 1) {
    const random = randomOf(seed + count);
    // Most steps go on undisturbed: else every walk would be over after its first faults.
    const done = await walk(protocol, bounds, (width) => (random() < 0.7 ? 0 : Math.floor(random() * width)));
    if (done.broken.length > 0) return { walks: count, isComplete: false, failure: done };
  }
  return { walks, isComplete: false, failure: null };
}

/** mulberry32: a small generator whose numbers depend on the seed only. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A failing walk as a person reads it. */
export function describeWalk({ trace, picks, broken }: Walk): string {
  return [
    ...broken.map((text) => `BROKEN: ${text}`),
    ...trace.map((text, index) => `  ${index + 1}. ${text}`),
    `  picks: ${JSON.stringify(picks)}`,
  ].join('\n');
}
