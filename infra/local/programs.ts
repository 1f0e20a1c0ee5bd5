import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Which engine to take: the real one, the one from npm, or the real one where it is there. */
export type Preference = 'real' | 'embedded' | 'auto';

/** Where Debian keeps servers; not on every user's PATH. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin'];
/** Chromium's names: Debian's, Ubuntu's, Google's own. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const JAR = join('platform', 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar');

/** Something that is not on this machine; `missing` names it and the remedy. */
export interface Missing {
  missing: string;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The full path of the first of these programs in a folder of PATH or in one of the others, or null. */
function findProgram(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  others: readonly string[] = [],
): string | null {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...others];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram) ?? null;
}

function findJar(env: NodeJS.ProcessEnv): string | null {
  const named = env['RONDE_FIRESTORE_JAR'];
  if (named !== undefined && named !== '') return existsSync(named) ? named : null;
  const home = env['HOME'];
  const roots = [
    '/usr/lib/google-cloud-sdk',
    '/usr/share/google-cloud-sdk',
    '/opt/google-cloud-sdk',
    home === undefined ? '' : join(home, 'google-cloud-sdk'),
    env['CLOUDSDK_ROOT_DIR'] ?? '',
  ];
  const jars = roots.filter((root) => root !== '').map((root) => join(root, JAR));
  return jars.find((jar) => existsSync(jar)) ?? null;
}

/** Google's Firestore emulator on this machine, or what is missing for it. */
export function findFirestoreEmulator(env: NodeJS.ProcessEnv): { java: string; jar: string } | Missing {
  const java = findProgram(['java'], env);
  const jar = findJar(env);
  if (java !== null && jar !== null) return { java, jar };
  const named = env['RONDE_FIRESTORE_JAR'];
  const lacks: string[] = [];
  if (java === null) lacks.push('no java on PATH');
  if (jar === null)
    lacks.push(named ? `no jar at RONDE_FIRESTORE_JAR=${named}` : 'no jar in a Google Cloud SDK');
  const remedy =
    'install a Java runtime and the gcloud component cloud-firestore-emulator, or set RONDE_FIRESTORE_JAR to the jar';
  return { missing: `Firestore emulator: ${lacks.join(' and ')}; ${remedy}` };
}

/** The path of redis-server, or what is missing. */
export function findRedisServer(env: NodeJS.ProcessEnv): string | Missing {
  const missing = 'Redis: no redis-server on PATH; install the package redis-server';
  return findProgram(['redis-server'], env) ?? { missing };
}

/** The path of Dovecot, the IMAP server, or what is missing. */
export function findDovecot(
  env: NodeJS.ProcessEnv,
  serverFolders: readonly string[] = SERVER_FOLDERS,
): string | Missing {
  const missing = `IMAP: no dovecot on PATH or in ${serverFolders.join(', ')}; install the package dovecot-imapd`;
  return findProgram(['dovecot'], env, serverFolders) ?? { missing };
}

/** The path of a Chromium, which the tests of web pages need, or what is missing. */
export function findBrowser(env: NodeJS.ProcessEnv): string | Missing {
  const missing = `Browser: no ${BROWSERS.join(', ')} on PATH; install the package chromium`;
  return findProgram(BROWSERS, env) ?? { missing };
}

/** Whatever RONDE_ENGINES=real needs and this machine lacks, a line each. An external Firestore replaces the emulator. */
function missingPrograms(env: NodeJS.ProcessEnv, serverFolders: readonly string[]): string[] {
  const found = [
    env['FIRESTORE_EMULATOR_HOST'] || findFirestoreEmulator(env),
    findRedisServer(env),
    findDovecot(env, serverFolders),
    findBrowser(env),
  ];
  return found.flatMap((each) => (typeof each === 'object' && 'missing' in each ? [each.missing] : []));
}

/**
 * Throws where the real engines are asked for and this machine lacks any of them: one error that names every one, so
 * that nobody installs them one after the other. Nothing is checked for the other preferences.
 */
export function requirePrograms(
  prefer: Preference,
  env: NodeJS.ProcessEnv = process.env,
  serverFolders: readonly string[] = SERVER_FOLDERS,
): void {
  if (prefer !== 'real') return;
  const missing = missingPrograms(env, serverFolders);
  if (missing.length === 0) return;
  throw new Error(
    [
      'RONDE_ENGINES=real, but this machine lacks:',
      ...missing.map((line) => `  - ${line}`),
      'Or take RONDE_ENGINES=auto (real engines where they are) or embedded (those from npm).',
    ].join('\n'),
  );
}
