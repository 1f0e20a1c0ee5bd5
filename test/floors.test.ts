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
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const CONFIG = '.dependency-cruiser.cjs';
const planted: string[] = [];
afterAll(() => {
  for (const folder of planted) rmSync(folder, { recursive: true, force: true });
});

/** A small tree with our own rules and the given files. */
function plant(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'floors-'));
  planted.push(folder);
  for (const name of [CONFIG, 'knip.json', 'tsconfig.json', 'package.json']) {
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

/** Violations as `rule file`. */
function cruise(folder: string, more: string[] = []): { modules: number; violations: string[] } {
  const args = ['--config', CONFIG, '--output-type', 'json', 'functions', 'shared', ...more];
  const run = spawnSync(join(ROOT, 'node_modules/.bin/depcruise'), args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
  });
  const { summary } = JSON.parse(run.stdout) as {
    summary: { totalCruised: number; violations: { from: string; rule: { name: string } }[] };
  };
  const violations = summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
  return { modules: summary.totalCruised, violations };
}

/** One planted violation per rule: the file that holds it, its import, and the rule that finds it. */
const VIOLATIONS: [file: string, imported: string, rule: string][] = [
  ['shared/runtime/up.ts', 'shared/domains/followups/rules.ts', 'runtime-knows-doors-only'],
  ['shared/domains/followups/up.ts', 'shared/runtime/run.ts', 'domains-know-doors-only'],
  ['shared/domains/followups/answer.ts', 'shared/doors/http/errors.ts', 'domains-know-no-http'],
  ['shared/domains/visits/aside.ts', 'shared/domains/followups/rules.ts', 'domains-stay-apart'],
  ['shared/domains/newdomain/aside.ts', 'shared/domains/followups/rules.ts', 'domains-stay-apart'],
  ['shared/domains/followups/aside.ts', 'shared/domains/newdomain/rules.ts', 'domains-stay-apart'],
  ['shared/browser/server.ts', 'shared/doors/clock.ts', 'browser-stands-alone'],
  ['shared/browser/page.ts', 'functions/console/page/base/api.ts', 'browser-stands-alone'],
  ['shared/doors/up.ts', 'shared/domains/followups/rules.ts', 'doors-know-doors-only'],
  ['shared/doors/http/up.ts', 'shared/runtime/run.ts', 'doors-know-doors-only'],
  ['functions/close/aside.ts', 'functions/sync/task.ts', 'functions-stay-apart'],
  ['functions/close/words-aside.ts', 'functions/console/words.ts', 'functions-stay-apart'],
  ['functions/console/page/tasks/code.ts', 'shared/domains/followups/rules.ts', 'page-knows-types-only'],
  ['functions/console/page/app/code.ts', 'functions/console/api/route.ts', 'page-knows-types-only'],
  ['functions/console/api/page.ts', 'functions/console/page/base/api.ts', 'page-is-imported-by-itself-only'],
  [
    'functions/console/page/tasks/aside.ts',
    'functions/console/page/inbox/texts.ts',
    'page-features-stay-apart',
  ],
  ['functions/console/page/tasks/up.ts', 'functions/console/page/app/frame.ts', 'page-features-stay-apart'],
  [
    'functions/console/page/base/up.ts',
    'functions/console/page/inbox/texts.ts',
    'page-base-knows-no-feature',
  ],
  ['functions/console/page/ui/up.ts', 'functions/console/page/app/frame.ts', 'page-base-knows-no-feature'],
  ['shared/doors/function.ts', 'functions/sync/task.ts', 'shared-imports-no-functions'],
  ['functions/sync/infra.ts', 'infra/plan.ts', 'deployed-code-imports-no-infra'],
  ['shared/domains/visits/test.ts', 'test/support.ts', 'deployed-code-imports-no-infra'],
  ['infra/test.ts', 'test/support.ts', 'infra-imports-no-test'],
  ['functions/sync/loose.ts', 'shared/loose.ts', 'nothing-lies-loose-in-shared'],
];

/** Imports that the floors allow, beside each violation. */
const ALLOWED: [file: string, imported: string][] = [
  ['functions/close/task.ts', 'shared/runtime/run.ts'],
  ['functions/tasks.ts', 'functions/sync/task.ts'],
  ['functions/console/page/base/limits.ts', 'shared/domains/followups/limits.ts'],
  ['functions/console/page/tasks/words.ts', 'functions/sync/words.ts'],
  ['functions/console/page/tasks/base.ts', 'functions/console/page/base/api.ts'],
  ['functions/console/page/app/features.ts', 'functions/console/page/inbox/texts.ts'],
  ['shared/domains/followups/door.ts', 'shared/doors/clock.ts'],
];

/** The files of a small house with these imports, and for each imported file one line of code. */
function houseWith(imports: [file: string, imported: string][]): Record<string, string> {
  const house: Record<string, string> = {};
  for (const [, imported] of imports) house[imported] = 'export const x = 1;\n';
  for (const [file, imported] of imports) {
    const path = relative(dirname(file), imported);
    house[file] = `import { x } from '${path.startsWith('.') ? path : `./${path}`}';\nconsole.log(x);\n`;
  }
  return house;
}

test('each violation of the floors is found by its rule, and what they allow is not', () => {
  const imports = VIOLATIONS.map(([file, imported]): [string, string] => [file, imported]);
  const { modules, violations } = cruise(plant(houseWith([...imports, ...ALLOWED])), ['infra', 'test']);
  expect(modules).toBeGreaterThan(VIOLATIONS.length);
  for (const [file, , rule] of VIOLATIONS) expect(violations).toContain(`${rule} ${file}`);
  const allowed = ALLOWED.map(([file]) => file);
  expect(violations.filter((found) => allowed.some((file) => found.endsWith(` ${file}`)))).toEqual([]);
});

test('every rule of the floors has a planted violation', () => {
  const config = createRequire(import.meta.url)(join(ROOT, CONFIG)) as { forbidden: { name: string }[] };
  const proven = [...VIOLATIONS.map(([, , rule]) => rule), 'no-circular', 'not-to-unresolvable'];
  expect(config.forbidden.map(({ name }) => name).filter((name) => !proven.includes(name))).toEqual([]);
});

test('a circle and an import of nothing are found', () => {
  const { violations } = cruise(
    plant({
      'functions/a/one.ts': "import { two } from './two.ts';\nexport const one = () => two();\n",
      'functions/a/two.ts': "import { one } from './one.ts';\nexport const two = () => one();\n",
      'shared/doors/lost.ts': "import { x } from './nowhere.ts';\nconsole.log(x);\n",
    }),
  );
  expect(violations).toContain('no-circular functions/a/one.ts');
  expect(violations).toContain('not-to-unresolvable shared/doors/lost.ts');
});

test('a type of a domain may be imported by the page, and its code may not', () => {
  const { violations } = cruise(
    plant({
      'functions/console/page/inbox/view.ts':
        "import type { Mail } from '../../../../shared/domains/inbox/mail.ts';\nexport type View = Mail;\n",
      'shared/domains/inbox/mail.ts': 'export type Mail = string;\n',
    }),
  );
  expect(violations).toEqual([]);
});

test('our own tree keeps to its floors', () => {
  const { modules, violations } = cruise(ROOT, ['infra', 'test']);
  expect(modules).toBeGreaterThan(500);
  expect(violations).toEqual([]);
});

test('an export that nobody uses is found', () => {
  const folder = plant({
    'functions/close/index.ts': "import { used } from '../../shared/doors/lib.ts';\nconsole.log(used);\n",
    'shared/doors/lib.ts': 'export const used = 1;\nexport const forgotten = 2;\n',
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

test('the environment is read in one place, and so are the clock and chance', () => {
  expect(deployed.length).toBeGreaterThan(0);
  const reading = (pattern: RegExp) => deployed.filter((path) => pattern.test(code(join(ROOT, path))));
  // In quotes it is the name of something, and nothing is read.
  expect(reading(/(?<!')process\.env/).filter((path) => path !== 'shared/doors/config.ts')).toEqual([]);
  const clocks = ['shared/doors/clock.ts', 'shared/browser/clock.ts', 'functions/console/page/base/clock.ts'];
  const unclocked = reading(/Date\.now\(|new Date\(\)|performance\.now\(/);
  expect(unclocked.filter((path) => !clocks.includes(path))).toEqual([]);
  const dice = reading(/(?<!\bw\.)\bMath\.random\b/);
  expect(dice).toEqual(['shared/runtime/deps.ts']);
});
