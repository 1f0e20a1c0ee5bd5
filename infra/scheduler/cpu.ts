/**
 * The CPU of a function that states only its memory: https://cloud.google.com/functions/docs/configuring/memory.
 * 768Mi and 3Gi, which the table leaves out, have the
 * CPU of the next row.
 */
const IMPLIED: Readonly<Record<string, number>> = {
  '128Mi': 0.083,
  '256Mi': 0.167,
  '512Mi': 0.333,
  '768Mi': 0.583,
  '1Gi': 0.583,
  '2Gi': 1,
  '3Gi': 2,
  '4Gi': 2,
  '8Gi': 2,
  '16Gi': 4,
  '32Gi': 8,
};

/** The legal amounts of memory. */
export const MEMORIES = Object.keys(IMPLIED);

/** Returns the amount of memory in MiB. */
export const toMib = (memory: string): number =>
  Number.parseInt(memory, 10) * (memory.endsWith('Gi') ? 1024 : 1);

/** Returns the CPU of a function: the stated one, else the one that its memory implies. */
export const cpuOf = ({ cpu, memory }: { cpu?: number | undefined; memory: string }): number =>
  cpu ?? IMPLIED[memory] ?? 1;

/** Cloud Run's pairs: the memory above which a CPU is needed, and the least memory of a CPU, in MiB. */
const NEEDED_CPU: readonly [aboveMib: number, cpu: number][] = [
  [24_576, 8],
  [16_384, 6],
  [8_192, 4],
  [4_096, 2],
  [1_024, 1],
  [512, 0.5],
];
const NEEDED_MIB: readonly [fromCpu: number, mib: number][] = [
  [6, 4_096],
  [4, 2_048],
];

/**
 * Returns why Cloud Run refuses a pair of CPU and memory, or null:
 * https://cloud.google.com/run/docs/configuring/services/cpu and .../memory-limits.
 */
export function findCpuFault(entry: { cpu?: number | undefined; memory: string }): string | null {
  const [cpu, mib] = [cpuOf(entry), toMib(entry.memory)];
  const least = NEEDED_CPU.find(([above]) => mib > above)?.[1];
  if (least !== undefined && cpu < least) return `needs at least ${least} CPU with ${entry.memory}`;
  const memory = NEEDED_MIB.find(([from]) => cpu >= from)?.[1];
  if (memory !== undefined && mib < memory) return `needs at least ${memory / 1024}Gi with ${cpu} CPU`;
  return null;
}
