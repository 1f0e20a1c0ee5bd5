import autocannon from 'autocannon';
import type { FunctionProcess } from '../../faults/function-process.ts';
import { usage } from '../lab.ts';

/**
 * One Cloud Run instance of visits serves up to 80 requests at once (infra/scheduler.yaml); a quiet product has
 * fewer.
 */
const CONNECTIONS = 32;

/** The result of a load on one process. */
export interface LoadRun {
  perSecond: number;
  p50: number;
  p99: number;
  /** CPU time of the process for each request, in microseconds. */
  cpuMicroseconds: number;
}

/**
 * Sends the requests of `next` to loopback over 32 connections for this many seconds. Throws if an answer is missing
 * or not 2xx, since fast refusals are no throughput.
 */
export async function load(
  process: FunctionProcess,
  seconds: number,
  headers: Record<string, string>,
  next: () => { path: string; body: object },
): Promise<LoadRun> {
  const before = usage(process);
  const result = await autocannon({
    url: process.url,
    connections: CONNECTIONS,
    duration: seconds,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    requests: [
      {
        setupRequest(request) {
          const { path, body } = next();
          return { ...request, path, body: JSON.stringify(body) };
        },
      },
    ],
  });
  if (result.errors > 0 || result.timeouts > 0 || result.non2xx > 0) {
    const { errors, timeouts, non2xx } = result;
    throw new Error(
      `${process.url}: ${errors} errors, ${timeouts} timeouts, ${non2xx} answers other than 2xx`,
    );
  }
  const { p50, p99 } = result.latency;
  const cpuMicroseconds = ((usage(process).cpuSeconds - before.cpuSeconds) * 1e6) / result['2xx'];
  return { perSecond: result['2xx'] / result.duration, p50, p99, cpuMicroseconds };
}
