import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fillMaildir } from '../maildir.ts';
import { freePort, type LocalEngine, spawnEngine } from '../process.ts';
import { findDovecot, type Preference } from '../programs.ts';
import { findAccount } from './account.ts';
import { makeCertificate } from './certificate.ts';
import { dovecotConfig, oauthConfig } from './config.ts';

const MAX_OUTPUT = 64 * 1024 * 1024;

export interface ImapUser {
  user: string;
  password: string;
}

export interface ImapOptions {
  prefer?: Preference;
  env?: NodeJS.ProcessEnv;
  /** Names of accounts; the server gives each a password. */
  users: readonly string[];
  introspection?: string;
  /** The CAPABILITY list that the server announces instead of its full one. */
  capability?: string;
  connectionsPerUser?: number;
}

export interface LocalImap {
  host: string;
  /** Plain text, with STARTTLS on offer. */
  port: number;
  /** TLS from the first byte. */
  tlsPort: number;
  /** The self-signed certificate. */
  certificate: string;
  users: readonly ImapUser[];
  pid: number;
  /** Adds an account to the running server. Resolves once it can sign in. */
  addUser(name: string): Promise<ImapUser>;
  /** Delivers many mails to an account's INBOX at once; `received` returns the arrival time of each. */
  deliver(user: string, mails: Iterable<string | Buffer>, received: (index: number) => Date): void;
  /** Runs Dovecot's administration tool on this server and returns its output. */
  doveadm(...args: string[]): Promise<string>;
  /** Starts a stopped or dead server again, with the same ports and mail. */
  restart(): Promise<void>;
  stopEngine(): Promise<void>;
  /** Calls back if the server's process ends unexpectedly. */
  onExit(callback: () => void): void;
  /** Stops the server and removes its folder with all mail. */
  stop(): Promise<void>;
}

/** Starts Dovecot on free loopback ports in a new folder. Returns null if Dovecot is not installed or not wanted. */
export async function startImap(options: ImapOptions): Promise<LocalImap | null> {
  const { prefer = 'auto', env = process.env } = options;
  if (prefer === 'embedded') return null;
  const program = findDovecot(env);
  if (typeof program === 'string') return await startDovecot(program, env, options);
  if (prefer === 'real') throw new Error(program.missing);
  return null;
}

async function startDovecot(
  program: string,
  env: NodeJS.ProcessEnv,
  options: ImapOptions,
): Promise<LocalImap> {
  const folder = mkdtempSync(join(tmpdir(), 'ronde-imap-'));
  const account = findAccount(folder);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const { introspection = null, capability = null, connectionsPerUser = 100 } = options;
  const config = { folder, port, tlsPort, introspection, capability, connectionsPerUser, ...account };
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    account.own(join(folder, name));
  };
  for (const name of ['run', 'state', 'mail']) {
    mkdirSync(join(folder, name));
    account.own(join(folder, name));
  }
  const certificate = makeCertificate(folder, account.own);
  write('dovecot.conf', dovecotConfig(config));
  if (introspection !== null) write('oauth2.conf.ext', oauthConfig(introspection));
  const users = options.users.map((user) => ({ user, password: randomBytes(12).toString('base64url') }));
  const writeUsers = () =>
    write('users', users.map((each) => `${each.user}:{PLAIN}${each.password}\n`).join(''));
  writeUsers();
  const start = () => {
    const [command = program, ...args] = [
      ...account.command,
      program,
      '-F',
      '-c',
      join(folder, 'dovecot.conf'),
    ];
    return spawnEngine('Dovecot', command, args, { env, ready: { probe: () => canGreet(port) } });
  };
  let engine: LocalEngine;
  try {
    engine = await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const doveadm = async (...args: string[]) => {
    const [command, ...rest] = [...account.command, join(program, '..', '..', 'bin', 'doveadm')];
    const given = [...rest, '-c', join(folder, 'dovecot.conf'), ...args];
    return (await promisify(execFile)(command as string, given, { maxBuffer: MAX_OUTPUT })).stdout;
  };
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  return {
    host: '127.0.0.1',
    port,
    tlsPort,
    certificate,
    users,
    get pid() {
      return engine.pid;
    },
    async addUser(name) {
      const added = { user: name, password: randomBytes(12).toString('base64url') };
      users.push(added);
      writeUsers();
      // Dovecot reads the file once a second.
      while (
        await doveadm('auth', 'test', name, added.password).then(
          () => false,
          () => true,
        )
      )
        await delay(100);
      return added;
    },
    deliver: (user, mails, received) => fillMaildir(join(folder, 'mail', user), mails, account.own, received),
    doveadm,
    async restart() {
      await engine.stop();
      rmSync(join(folder, 'run', 'master.pid'), { force: true });
      engine = await start();
    },
    stopEngine: () => engine.stop(),
    onExit: (callback) => engine.onExit(callback),
    async stop() {
      await engine.stop();
      process.off('exit', removeFolder);
      // Dovecot's children write their last log lines a moment later.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

/** Returns true if an IMAP server answers on this port. */
function canGreet(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => end(data.toString().startsWith('* OK')));
    socket.once('error', () => end(false)).once('timeout', () => end(false));
  });
}
