import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** The period in which a quota of CPU is spent, in microseconds; Cloud Run and Kubernetes use the same. */
const PERIOD = 100_000;

/** The limits of one instance. */
export interface InstanceLimits {
  memoryMib: number;
  cpu: number;
}

/** A group of processes under limits; a process joins by writing its id to each file of `procs`. */
export interface LimitedGroup {
  procs: readonly string[];
  remove(): void;
}

/**
 * Makes a group of version 1 or 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html). Throws an error that says what
 * this machine lacks.
 */
export function makeGroup(name: string, { memoryMib, cpu }: InstanceLimits): LimitedGroup {
  const bytes = String(memoryMib * 1_048_576);
  const quota = String(Math.round(cpu * PERIOD));
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return makeUnified(name, bytes, quota);
  if (!existsSync(join(ROOT, 'memory')) || !existsSync(join(ROOT, 'cpu')))
    throw new Error(`${ROOT} has neither version 2 nor the controllers memory and cpu of version 1`);
  const folders = [join(ROOT, 'memory', name), join(ROOT, 'cpu', name)] as const;
  return open(folders, [
    [join(folders[0], 'memory.limit_in_bytes'), bytes],
    [join(folders[1], 'cpu.cfs_period_us'), String(PERIOD)],
    [join(folders[1], 'cpu.cfs_quota_us'), quota],
  ]);
}

function makeUnified(name: string, bytes: string, quota: string): LimitedGroup {
  const folder = join(ROOT, name);
  return open(
    [folder],
    [
      [join(ROOT, 'cgroup.subtree_control'), '+memory +cpu'],
      [join(folder, 'memory.max'), bytes],
      [join(folder, 'cpu.max'), `${quota} ${PERIOD}`],
    ],
  );
}

function open(folders: readonly string[], settings: readonly (readonly [string, string])[]): LimitedGroup {
  const made: string[] = [];
  // A folder is gone only when its last process is; the bench ends them first.
  const remove = () => {
    for (const folder of made.splice(0)) rmdirSync(folder);
  };
  try {
    for (const folder of folders) {
      mkdirSync(folder);
      made.push(folder);
    }
    for (const [file, value] of settings) writeFileSync(file, value);
  } catch (error) {
    remove();
    throw error;
  }
  return { procs: folders.map((folder) => join(folder, 'cgroup.procs')), remove };
}

/** Returns why no group can be made here, or null. */
export function findCgroupFault(): string | null {
  try {
    makeGroup(`ronde-probe-${process.pid}`, { memoryMib: 512, cpu: 1 }).remove();
    return null;
  } catch (error) {
    return `no cgroup can be made: ${(error as Error).message}`;
  }
}
