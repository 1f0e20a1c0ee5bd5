import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LOCK = 'package-lock.json';
type Entry = { version: string; integrity?: string; optional?: boolean; os?: string[]; cpu?: string[] };
type Lock = { packages: Record<string, Entry> };
const readLock = (): Lock => JSON.parse(readFileSync(join(ROOT, LOCK), 'utf8'));

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Returns the output of `npm ci` for this lock file. It installs nothing. */
function tryLock(lock: Lock): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  folders.push(folder);
  for (const name of ['package.json', '.npmrc']) cpSync(join(ROOT, name), join(folder, name));
  writeFileSync(join(folder, LOCK), JSON.stringify(lock));
  const run = spawnSync('npm', ['ci', '--dry-run', '--ignore-scripts', '--prefer-offline'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status: run.status, output: run.stdout + run.stderr };
}

const unproven = ({ packages }: Lock) =>
  Object.keys(packages).filter((path) => path !== '' && !packages[path]?.integrity);

/** Removes the package of one platform, as npm does when it makes a lock file beside an installed tree. */
function withoutOnePlatform(lock: Lock): Lock {
  const path = Object.keys(lock.packages).find((name) => lock.packages[name]?.os && lock.packages[name].cpu);
  if (!path) throw new Error('the lock file names no package of a platform');
  delete lock.packages[path];
  return lock;
}

test('every package of the lock file carries its integrity', () => {
  const lock = readLock();
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(unproven(lock)).toEqual([]);
  delete lock.packages['node_modules/zod']?.integrity;
  expect(unproven(lock)).toEqual(['node_modules/zod']);
});

test('npm ci accepts the lock file, and refuses it without the package of another platform', () => {
  const kept = tryLock(readLock());
  expect(kept.output).not.toContain('npm error');
  expect(kept.status).toBe(0);
  const cut = tryLock(withoutOnePlatform(readLock()));
  expect(cut.output).toMatch(/Missing: .* from lock file/);
  expect(cut.status).toBe(1);
});
