import { fileURLToPath } from 'node:url';
import { freePort, type LocalEngine, spawnEngine } from '../process.ts';
import { findFirestoreEmulator, type Preference } from '../programs.ts';

const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
const EMBEDDED_ENTRY = fileURLToPath(new URL('./embedded.ts', import.meta.url));
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

export interface FirestoreOptions {
  project: string;
  prefer?: Preference;
  /** The emulator's Java heap, in the form of java -Xmx. */
  heap?: string;
  /** Enables Java's second compiler, for an emulator that serves a long load. */
  steady?: boolean;
  /** The emulator's port, such as that of a stopped one. If absent, a free port. */
  port?: number;
  env?: NodeJS.ProcessEnv;
}

export interface LocalFirestore {
  /** host:port, in the form of FIRESTORE_EMULATOR_HOST. */
  host: string;
  project: string;
  engine: 'external' | 'google-emulator' | 'embedded';
  pid: number | null;
  stop(): Promise<void>;
  /** Calls back if the engine's process ends. An external Firestore never calls back. */
  onExit(callback: () => void): void;
}

async function answersOk(host: string): Promise<boolean> {
  const response = await fetch(`http://${host}/`, { signal: AbortSignal.timeout(1_000) });
  return (await response.text()).startsWith('Ok');
}

/**
 * A test's emulator lives for minutes, and Java's second compiler would use more CPU time than it saves: 10,000 mails
 * take 6.3 s with it and 3.3 s without.
 */
const SHORT_LIVED = '-XX:TieredStopAtLevel=1';

async function startEmulator(
  found: { java: string; jar: string },
  options: FirestoreOptions,
): Promise<LocalFirestore> {
  const port = options.port ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  const jvm = [
    ...[`-Xmx${options.heap ?? '1g'}`, '-XX:+UseSerialGC', ...(options.steady ? [] : [SHORT_LIVED])],
    ...['-Duser.language=en', '-cp', found.jar],
  ];
  const args = [...jvm, MAIN_CLASS, 'start', '--host=127.0.0.1', `--port=${port}`];
  const engine = await spawnEngine('Firestore emulator', found.java, args, {
    env: options.env ?? process.env,
    ready: { probe: () => answersOk(host) },
  });
  return owned(engine, host, options.project, 'google-emulator');
}

async function startEmbedded(options: FirestoreOptions): Promise<LocalFirestore> {
  if (!PROJECT_ID.test(options.project)) {
    throw new Error(
      `project '${options.project}' is not a project id (6 to 30 of a-z, 0-9 and -, a letter first); name another`,
    );
  }
  const port = await freePort();
  const engine = await spawnEngine('embedded Firestore', process.execPath, [EMBEDDED_ENTRY], {
    env: { ...(options.env ?? process.env), PORT: String(port), METADATA_SERVER_DETECTION: 'none' },
    ready: { line: /^listening / },
  });
  return owned(engine, `127.0.0.1:${port}`, options.project, 'embedded');
}

function owned(
  engine: LocalEngine,
  host: string,
  project: string,
  kind: LocalFirestore['engine'],
): LocalFirestore {
  const onExit = (callback: () => void) => engine.onExit(() => callback());
  return { host, project, engine: kind, pid: engine.pid, stop: () => engine.stop(), onExit };
}

/**
 * Starts a Firestore for the local cloud, by preference:
 * - `auto`: FIRESTORE_EMULATOR_HOST, else Google's emulator, else the embedded engine
 * - `real`: the same without the embedded engine; throws if neither is there
 * - `embedded`: the embedded engine only
 */
export async function startFirestore(options: FirestoreOptions): Promise<LocalFirestore> {
  const { project, prefer = 'auto', env = process.env } = options;
  if (prefer === 'embedded') return startEmbedded(options);
  const external = env['FIRESTORE_EMULATOR_HOST'];
  if (external !== undefined && external !== '') {
    return { host: external, project, engine: 'external', pid: null, stop: async () => {}, onExit: () => {} };
  }
  const found = findFirestoreEmulator(env);
  if (!('missing' in found)) return startEmulator(found, options);
  if (prefer === 'real') throw new Error(found.missing);
  return startEmbedded(options);
}
