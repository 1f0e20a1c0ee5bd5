import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { LocalFirestore } from './firestore/firestore.ts';
import type { ImapUser, LocalImap } from './imap/imap.ts';
import type { LocalRedis } from './redis/redis.ts';

const STACK_DIR = '.local';
const STACK_FILE = `${STACK_DIR}/stack.json`;

/** The content of `.local/stack.json`; a part that was not started is null. */
export interface StackFile {
  gateway: string;
  console: string;
  firestore: { host: string; project: string };
  redis: { url: string; token: string };
  smtp: { host: string; port: number; inbox: string };
  /** Null if Dovecot is not installed. */
  imap: { host: string; port: number; users: readonly ImapUser[] } | null;
  issuer: string;
  /** These three end with a slash: gcloud rejects an endpoint override without one. */
  scheduler: string;
  functions: string;
  tasks: string;
  tokens: { admin: string; user: string; expired: string; foreign: string };
  cron_secret: string;
  engines: { firestore: string; redis: string; imap: 'dovecot' | null };
  pids: { firestore: number | null; redis: number | null; imap: number | null };
}

/** Describes the running parts for `.local/stack.json`. */
export function describeStack(
  firestore: LocalFirestore,
  redis: LocalRedis,
  imap: LocalImap | null,
  rest: Pick<
    StackFile,
    'gateway' | 'issuer' | 'smtp' | 'scheduler' | 'functions' | 'tasks' | 'tokens' | 'cron_secret'
  >,
): StackFile {
  return {
    ...rest,
    console: `${rest.gateway}/console/`,
    firestore: { host: firestore.host, project: firestore.project },
    redis: { url: redis.url, token: redis.token },
    imap: imap && { host: imap.host, port: imap.port, users: imap.users },
    engines: { firestore: firestore.engine, redis: redis.engine, imap: imap && 'dovecot' },
    pids: { firestore: firestore.pid, redis: redis.pid, imap: imap?.pid ?? null },
  };
}

/** Writes `.local/stack.json`, which holds tokens, readable by this user only. */
export function writeStackFile(file: StackFile): void {
  mkdirSync(STACK_DIR, { recursive: true });
  writeFileSync(STACK_FILE, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}

export function removeStackFile(): void {
  rmSync(STACK_FILE, { force: true });
}
