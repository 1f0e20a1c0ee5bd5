import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM_LEASE_MS } from '../../shared/doors/mail/claims.ts';
import { nodeEnvironment } from '../support/node-process.ts';
import { type FaultPoint, type SmtpFaults, startSmtpFaults } from '../support/smtp-faults.ts';
import { startWorld, type World } from '../support/world.ts';
import { seededRandom } from './harness/random.ts';

const SENDER = fileURLToPath(new URL('./mail-sender.ts', import.meta.url));
/** A random kill comes within this time after the sender's first step. An undisturbed run is shorter. */
const KILL_WITHIN_MS = 250;
/** A sample by default; RONDE_FAULT_RUNS and RONDE_FAULT_SEED replace it. */
const runs = Number(process.env.RONDE_FAULT_RUNS ?? 3);
const seed = Number(process.env.RONDE_FAULT_SEED ?? 1);
const counts: Record<string, number> = {};
let world: World;
let faults: SmtpFaults;

beforeAll(async () => {
  world = await startWorld();
  faults = await startSmtpFaults(world.smtp);
});
afterAll(async () => {
  process.stdout.write(`kills at random points: ${JSON.stringify(counts)}\n`);
  await faults.stop();
  await world.stop();
});
afterEach(() => {
  faults.fault = null;
  world.smtp.clear();
});

interface SenderProcess {
  child: ChildProcess;
  /** Resolves when the sender prints this line. */
  said(line: string): Promise<void>;
  /** The exit code; null if the sender was killed. */
  result: Promise<string | null>;
  kill(): Promise<void>;
}

function startSender(claim: string, env: Record<string, string> = {}): SenderProcess {
  const child = spawn(process.execPath, [SENDER], {
    env: {
      ...nodeEnvironment(),
      ...world.environment,
      EMAIL_PORT: String(faults.port),
      CLAIM: claim,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  let result: string | null = null;
  lines.on('line', (line) => {
    if (line.startsWith('result ')) result = line.slice(7);
  });
  const ended = new Promise<string | null>((resolve) => child.once('close', () => resolve(result)));
  return {
    child,
    said: (line) => new Promise((resolve) => lines.on('line', (each) => each === line && resolve())),
    result: ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const SETTLED = ['sent', 'failed', 'unknown'];

/** Runs again, each time a claim's duration later, until the claim is settled. Returns its final state. */
async function untilDone(claim: string): Promise<string> {
  for (let lap = 1; lap <= 3; lap += 1) {
    await startSender(claim, { CLOCK_AHEAD_MS: String(lap * (CLAIM_LEASE_MS + 1_000)) }).result;
    const state = (await world.store.doc(claim).get()).get('state') as string;
    if (SETTLED.includes(state)) return state;
  }
  throw new Error(`${claim} is not settled after three more runs`);
}

/** The sender's step at the kill, the state that the next run settles, and the number of mails that arrived. */
const steps: [string, string, number][] = [
  ['before-claim', 'sent', 1],
  ['claimed', 'sent', 1],
  ['before-sending', 'sent', 1],
  ['sending', 'unknown', 0],
  ['before-settling', 'unknown', 1],
  ['settled', 'sent', 1],
];
const points: [FaultPoint, string, number][] = [
  ['greeting', 'sent', 1],
  ['rcpt', 'sent', 1],
  ['data', 'sent', 1],
  ['body', 'unknown', 0],
  ['dot', 'unknown', 0],
  ['answer', 'unknown', 1],
];

describe('a process that is killed while it sends a mail', () => {
  it.each(steps)('at its step "%s" leaves the mail %s with %i arrived', async (stopAt, state, arrived) => {
    const claim = `mails/step-${stopAt}`;
    const sender = startSender(claim, { STOP_AT: stopAt });
    await sender.said(`step ${stopAt}`);
    await sender.kill();
    expect(await untilDone(claim)).toBe(state);
    expect(world.smtp.mails()).toHaveLength(arrived);
  });

  it.each(points)(
    'while the server is at %s leaves the mail %s with %i arrived',
    async (at, state, arrived) => {
      const claim = `mails/point-${at}`;
      faults.fault = { at, how: 'hang' };
      const struck = faults.struck();
      const sender = startSender(claim);
      await struck;
      await sender.kill();
      faults.fault = null;
      expect(await untilDone(claim)).toBe(state);
      expect(world.smtp.mails()).toHaveLength(arrived);
    },
  );

  it('keeps its claim from other runs while it may still be working', async () => {
    const sender = startSender('mails/lease', { STOP_AT: 'claimed' });
    await sender.said('step claimed');
    expect(await startSender('mails/lease').result).toBe('wait');
    await sender.kill();
    expect(world.smtp.mails()).toHaveLength(0);
  });
});

describe(`a process that is killed at a random moment, ${runs} time(s) from seed ${seed}`, () => {
  it.each(Array.from({ length: runs }, (_, index) => seed + index))(
    'loses no mail and sends none twice (seed %i)',
    async (runSeed) => {
      const claim = `mails/random-${runSeed}`;
      const sender = startSender(claim);
      await sender.said('step before-claim');
      await delay(seededRandom(runSeed)() * KILL_WITHIN_MS);
      await sender.kill();
      const state = await untilDone(claim);
      const arrived = world.smtp.mails().length;
      const kind = `${state}, ${arrived} arrived`;
      counts[kind] = (counts[kind] ?? 0) + 1;
      expect(['sent, 1 arrived', 'unknown, 1 arrived', 'unknown, 0 arrived']).toContain(kind);
    },
  );
});
