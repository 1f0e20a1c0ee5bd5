import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { requirePrograms } from '../../../infra/local/programs.ts';

let folder: string;
let sbin: string;
let jar: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ronde-programs-'));
  sbin = join(folder, 'sbin');
  jar = join(folder, 'emulator.jar');
  await mkdir(sbin);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(file: string, mode = 0o755): Promise<void> {
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, mode);
}

/** Returns one line per missing program, on a machine whose PATH is the test's folder. */
function missing(env: Record<string, string> = {}): string[] {
  try {
    requirePrograms('real', { PATH: folder, RONDE_FIRESTORE_JAR: jar, ...env }, [sbin]);
    return [];
  } catch (thrown) {
    return String(thrown)
      .split('\n')
      .filter((line) => line.startsWith('  - '))
      .map((line) => line.slice('  - '.length));
  }
}

it('names every missing real engine at once, each with its remedy', () => {
  expect(missing()).toEqual([
    `Firestore emulator: no java on PATH and no jar at RONDE_FIRESTORE_JAR=${jar}; install a Java runtime and the gcloud component cloud-firestore-emulator, or set RONDE_FIRESTORE_JAR to the jar`,
    'Redis: no redis-server on PATH; install the package redis-server',
    `IMAP: no dovecot on PATH or in ${sbin}; install the package dovecot-imapd`,
    'Browser: no chromium, chromium-browser, google-chrome, google-chrome-stable on PATH; install the package chromium',
  ]);
});

it('names only the missing engines, until none is missing', async () => {
  await program(join(folder, 'java'));
  await program(join(folder, 'redis-server'));
  expect(missing()).toEqual([
    expect.stringMatching(/^Firestore emulator: no jar at/),
    expect.stringMatching(/^IMAP/),
    expect.stringMatching(/^Browser/),
  ]);
  await writeFile(jar, '');
  await program(join(sbin, 'dovecot'));
  expect(missing()).toEqual([expect.stringMatching(/^Browser/)]);
  await program(join(folder, 'google-chrome'));
  expect(missing()).toEqual([]);
});

it('ignores a file that is not executable', async () => {
  await program(join(folder, 'redis-server'), 0o644);
  expect(missing()).toContainEqual(expect.stringMatching(/^Redis/));
});

it('needs no emulator if FIRESTORE_EMULATOR_HOST names a Firestore', () => {
  expect(missing({ FIRESTORE_EMULATOR_HOST: '127.0.0.1:8085' })).toEqual([
    expect.stringMatching(/^Redis/),
    expect.stringMatching(/^IMAP/),
    expect.stringMatching(/^Browser/),
  ]);
});

it.each(['auto', 'embedded'] as const)('requires nothing if the engines are %s', (prefer) => {
  expect(() => requirePrograms(prefer, { PATH: '' }, [])).not.toThrow();
});
