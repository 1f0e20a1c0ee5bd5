import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The engine to start: the real one, the one from npm, or (`auto`) the real one if it is installed. */
export type Preference = 'real' | 'embedded' | 'auto';

/** Debian's folders for servers, which a user's PATH often lacks. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin'];
/** Chromium's program names in Debian, in Ubuntu and from Google. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const JAR = join('platform', 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar');

/** A program that this machine lacks; `missing` names it and the remedy. */
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

/**
 * Returns the full path of the first of these programs in PATH or the other folders. Returns null if there is none.
 */
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

/** Finds Google's Firestore emulator, or returns what is missing. */
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

/** Finds redis-server, or returns what is missing. */
export function findRedisServer(env: NodeJS.ProcessEnv): string | Missing {
  const missing = 'Redis: no redis-server on PATH; install the package redis-server';
  return findProgram(['redis-server'], env) ?? { missing };
}

/** Finds Dovecot, the IMAP server, or returns what is missing. */
export function findDovecot(
  env: NodeJS.ProcessEnv,
  serverFolders: readonly string[] = SERVER_FOLDERS,
): string | Missing {
  const missing = `IMAP: no dovecot on PATH or in ${serverFolders.join(', ')}; install the package dovecot-imapd`;
  return findProgram(['dovecot'], env, serverFolders) ?? { missing };
}

/** Finds a Chromium for the tests of web pages, or returns what is missing. */
export function findBrowser(env: NodeJS.ProcessEnv): string | Missing {
  const missing = `Browser: no ${BROWSERS.join(', ')} on PATH; install the package chromium`;
  return findProgram(BROWSERS, env) ?? { missing };
}

/**
 * Returns one line for each program that RONDE_ENGINES=real needs and this machine lacks. An external Firestore
 * replaces the emulator.
 */
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
 * Throws if `prefer` is `real` and this machine lacks engines. The one error names all of them with their remedies.
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
      'Or use RONDE_ENGINES=auto (real engines if installed) or RONDE_ENGINES=embedded (engines from npm).',
    ].join('\n'),
  );
}
