import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const planted: string[] = [];
afterAll(() => {
  for (const folder of planted) rmSync(folder, { recursive: true, force: true });
});

/** A small tree with our own rules and the given files. */
function plant(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'floors-'));
  planted.push(folder);
  for (const name of ['.dependency-cruiser.cjs', 'knip.json', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** It names every module with its path, and ends in mid-word where it does not fit. */
const MAX_OUTPUT = 64_000_000;

function cruise(folder: string): { modules: number; rules: string[] } {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'functions', 'shared'];
  const run = spawnSync(join(ROOT, 'node_modules/.bin/depcruise'), args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
  });
  const { summary } = JSON.parse(run.stdout) as {
    summary: { totalCruised: number; violations: { rule: { name: string } }[] };
  };
  return { modules: summary.totalCruised, rules: summary.violations.map(({ rule }) => rule.name) };
}

test('a violation of the floors is found and named', () => {
  const folder = plant({
    'functions/close/index.ts': 'export const close = 1;\n',
    'shared/visits/x.ts':
      "import { close } from '../../functions/close/index.ts';\nexport const x = close;\n",
    'shared/presence/y.ts': "import type { X } from '../visits/z.ts';\nexport const y: X = 1;\n",
    'shared/visits/z.ts': 'export type X = number;\n',
    'shared/http/door.ts': "import { x } from '../visits/x.ts';\nexport const door = x;\n",
  });
  const { modules, rules } = cruise(folder);
  expect(modules).toBeGreaterThan(0);
  expect(rules).toContain('shared-does-not-import-functions');
  expect(rules).toContain('domain-presence-stays-alone');
  expect(rules).toContain('doors-do-not-import-domains-or-task');
});

test('our own tree keeps to its floors', () => {
  const { modules, rules } = cruise(ROOT);
  expect(modules).toBeGreaterThan(0);
  expect(rules).toEqual([]);
});

test('an export that nobody uses is found', () => {
  const folder = plant({
    'functions/close/index.ts': "import { used } from '../../shared/lib.ts';\nconsole.log(used);\n",
    'shared/lib.ts': 'export const used = 1;\nexport const forgotten = 2;\n',
  });
  const run = spawnSync(join(ROOT, 'node_modules/.bin/knip'), ['--include', 'exports', '--no-config-hints'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(run.stdout + run.stderr).toMatch(/forgotten/);
  expect(run.status).toBe(1);
});

/** The code of a file without its comments. */
const code = (path: string) => readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const deployed = ['functions', 'shared'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /[.]tsx?$/.test(path))
    .map((path) => join(folder, path)),
);

test('the environment is read in one place, and so is the clock', () => {
  expect(deployed.length).toBeGreaterThan(0);
  const reading = (pattern: RegExp) => deployed.filter((path) => pattern.test(code(join(ROOT, path))));
  // In quotes it is the name of something, and nothing is read.
  expect(reading(/(?<!')process\.env/).filter((path) => path !== 'shared/config.ts')).toEqual([]);
  const clocks = ['shared/clock.ts', 'shared/browser/clock.ts', 'functions/console/web/clock.ts'];
  const unclocked = reading(/Date\.now\(|new Date\(\)|performance\.now\(/);
  expect(unclocked.filter((path) => !clocks.includes(path))).toEqual([]);
});
