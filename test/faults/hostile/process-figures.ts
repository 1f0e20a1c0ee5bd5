import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The kernel counts the CPU time of a process in hundredths of a second (proc(5), sysconf(_SC_CLK_TCK)). */
const TICK_MS = 10;
/** Fields of /proc/PID/stat after the name: utime and stime. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const BETWEEN_MS = 20;

/** Returns the CPU time of a process so far, all its threads together. */
export function cpuTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) * TICK_MS;
}

/** Returns the most memory that a process has had, in MB. */
export function peakMemoryMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) / 1024;
}

/** A watch over one process. */
export interface BlockWatch {
  /** Ends the watch. Returns the most CPU time between two answers of the process, in milliseconds. */
  stop(): Promise<number>;
}

/**
 * Asks a function's process for an unknown route again and again. While one piece of work holds the process no answer comes,
 * so the CPU time between two answers is at least that of the piece. A busy machine lengthens no CPU time.
 */
export function watchBlocks(url: string, pid: number): BlockWatch {
  const over = new AbortController();
  const watch = async () => {
    let longest = 0;
    while (!over.signal.aborted) {
      const before = cpuTimeMs(pid);
      const answer = await fetch(`${url}/unknown`, { signal: over.signal }).catch(() => null);
      await answer?.text().catch(() => undefined);
      if (answer) longest = Math.max(longest, cpuTimeMs(pid) - before);
      await delay(BETWEEN_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
    return longest;
  };
  const watching = watch();
  return {
    stop: () => {
      over.abort();
      return watching;
    },
  };
}
