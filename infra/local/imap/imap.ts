import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fillMaildir } from '../maildir.ts';
import { type Engine, freePort, spawnEngine } from '../process.ts';
import { findDovecot, type Preference } from '../programs.ts';
import { dovecotConfig, oauthConfig } from './config.ts';

/** Whom a Dovecot started by root runs as: it refuses to read mail as root. */
const UNPRIVILEGED = { user: 'nobody', group: 'nogroup' };

const MAX_OUTPUT = 64 * 1024 * 1024;

export interface ImapUser {
  user: string;
  password: string;
}

export interface ImapOptions {
  prefer?: Preference;
  env?: NodeJS.ProcessEnv;
  /** Names of accounts; each gets a password of its own. */
  users: readonly string[];
  introspection?: string;
  /** The CAPABILITY list of a plainer server. */
  capability?: string;
  connectionsPerUser?: number;
}

export interface LocalImap {
  host: string;
  /** Plain text with STARTTLS offered. */
  port: number;
  /** TLS at once. */
  tlsPort: number;
  /** The certificate, which is its own authority. */
  certificate: string;
  users: readonly ImapUser[];
  pid: number;
  /** Adds an account while the server runs, and waits until it is let in. */
  addUser(name: string): Promise<ImapUser>;
  /** Delivers many mails to an account's INBOX at once; `received` tells when each of them came. */
  deliver(user: string, mails: Iterable<string | Buffer>, received: (index: number) => Date): void;
  /** Runs Dovecot's own administration tool on this server and returns what it prints. */
  doveadm(...args: string[]): Promise<string>;
  /** Starts the server anew on its ports and mail, after it was stopped or died. */
  restart(): Promise<void>;
  stopEngine(): Promise<void>;
  /** Calls back if the server's process ends without being asked to. */
  onExit(callback: () => void): void;
  /** Stops the server and removes its folder with all mail. */
  stop(): Promise<void>;
}

/** Dovecot on free loopback ports in a folder of its own; null where it is not on this machine, or not wanted. */
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
  const account = accountFor(folder);
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
  const start = () => launch(program, account.command, folder, port, env);
  let engine: Engine;
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
      // Dovecot looks at the file once a second.
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
      // Its children write their last words a moment after it.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

/** Whom it runs as, how a command is started as that account, and how a file is made its own. */
function accountFor(folder: string) {
  if (process.getuid?.() !== 0) {
    const { username } = userInfo();
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    return { user: username, group, command: [], own: () => undefined };
  }
  const { user, group } = UNPRIVILEGED;
  const id = (flag: string, of: string) => Number(execFileSync('id', [flag, of], { encoding: 'utf8' }));
  const [uid, gid] = [id('-u', user), id('-g', user)];
  chownSync(folder, uid, gid);
  const command = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  return { user, group, command, own: (path: string) => chownSync(path, uid, gid) };
}

/** A certificate for localhost, made on the spot. */
function makeCertificate(folder: string, own: (path: string) => void): string {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
  ];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  for (const path of [key, cert]) {
    chmodSync(path, 0o600);
    own(path);
  }
  return execFileSync('openssl', ['x509', '-in', cert], { encoding: 'utf8' });
}

function launch(
  program: string,
  as: readonly string[],
  folder: string,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<Engine> {
  const [command = program, ...args] = [...as, program, '-F', '-c', join(folder, 'dovecot.conf')];
  return spawnEngine('Dovecot', command, args, { env, ready: { probe: () => greets(port) } });
}

function greets(port: number): Promise<boolean> {
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
