import { connect } from 'node:net';
import { type FunctionProcess, startFunction } from '../function-process.ts';
import { type FaultCase, type FaultRun, type RunScale, refuse } from '../harness/plan.ts';
import { MOST_CPU_MS, MOST_MEMORY_MB } from './mails.ts';
import { cpuTimeMs, peakMemoryMb } from './process-figures.ts';
import { randomRequest, TARGETS, type Target } from './random-request.ts';

const COUNTS: Record<RunScale, number> = { sample: 120, full: 1_000 };
/** The longest wait of the product is that for a body, 15 s. */
const ANSWER_MS = 20_000;

/** Random requests to the functions that browsers call. Its full count of runs takes 10,000. */
export const hostileRequests: FaultCase = {
  name: 'hostile-requests',
  claim: 'random hostile requests take no second of CPU, stay within the memory, and find no bug',
  runs: { sample: 1, full: 10 },
  async once(run) {
    await run.stage.reset();
    const targets = Object.keys(TARGETS) as Target[];
    const children = await Promise.all(
      targets.map((target) => startFunction(target, run.bundles, run.stage.environment)),
    );
    try {
      return await sendAll(run, targets, children);
    } finally {
      await Promise.all(children.map((child) => child.kill()));
    }
  },
};

async function sendAll({ stage, random, scale }: FaultRun, targets: Target[], children: FunctionProcess[]) {
  const tokens = [await stage.issuer.userToken('admintest1'), await stage.issuer.userToken('usertest1')];
  const figures: Record<string, number> = { requests: 0 };
  let longestMs = 0;
  for (let index = 0; index < COUNTS[scale]; index += 1) {
    const at = index % targets.length;
    const [target, child] = [targets[at], children[at]];
    if (!target || !child) continue;
    const sent = randomRequest(random, target, tokens);
    const before = cpuTimeMs(child.pid);
    const status = await ask(child.url, sent);
    const tookMs = cpuTimeMs(child.pid) - before;
    longestMs = Math.max(longestMs, tookMs);
    refuse([
      ...(status === 500 ? [`bug: ${target} answered 500 to ${shown(sent)}`] : []),
      ...(status === null && !child.alive() ? [`ended: ${target} by ${shown(sent)}`] : []),
      ...(tookMs <= MOST_CPU_MS ? [] : [`slow: ${target} took ${tookMs} ms of CPU for ${shown(sent)}`]),
    ]);
    const kind = status === null ? 'closed' : `${Math.floor(status / 100)}xx`;
    figures[kind] = (figures[kind] ?? 0) + 1;
    figures['requests'] = index + 1;
  }
  const peaks = children.map(({ pid }) => peakMemoryMb(pid));
  refuse(peaks.flatMap((mb, at) => (mb <= MOST_MEMORY_MB ? [] : [`memory: ${targets[at]} had ${mb} MB`])));
  const memory = peaks.map((mb, at) => `${targets[at]} ${mb.toFixed(0)} MB`).join(', ');
  process.stdout.write(`  longest request ${longestMs} ms, peak ${memory}\n`);
  return figures;
}

const shown = (sent: Buffer) =>
  JSON.stringify(
    sent
      .toString('latin1')
      .replace(/Bearer eyJ\S+/, 'Bearer TOKEN')
      .slice(0, 1_500),
  );

/** Sends octets to a server. Returns the status of its answer; null if it closes the connection without one. */
function ask(url: string, octets: Buffer): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let head = '';
    socket.setTimeout(ANSWER_MS, () => {
      socket.destroy();
      reject(new Error(`no end of an answer within ${ANSWER_MS} ms to ${shown(octets)}`));
    });
    socket.on('data', (chunk) => {
      if (head.length < 20) head += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN) || null));
    socket.end(octets);
  });
}
