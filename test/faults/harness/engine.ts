import { type LocalFirestore, startFirestore } from '../../../infra/local/firestore/firestore.ts';
import { startRedis } from '../../../infra/local/redis/redis.ts';
import { localSettings } from '../../../infra/local/settings.ts';

/** An engine process that faults are done to, by the pid that `.local/stack.json` would name. */
export interface Engine {
  name: string;
  pid(): number;
  alive(): boolean;
  /** SIGSTOP: connections stay, nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** A fresh, empty one on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Handle {
  pid: number | null;
  onExit(callback: () => void): void;
}

function faultsOf(name: string, handle: () => Handle): Omit<Engine, 'restart' | 'stop'> {
  const pid = () => {
    const found = handle().pid;
    if (found === null) throw new Error(`${name} is not a process of ours; faults cannot be done to it`);
    return found;
  };
  const signal = (which: NodeJS.Signals | 0) => process.kill(pid(), which);
  return {
    name,
    pid,
    alive() {
      try {
        return signal(0);
      } catch {
        return false;
      }
    },
    pause: () => void signal('SIGSTOP'),
    resume: () => void signal('SIGCONT'),
    async kill() {
      const gone = new Promise<void>((resolve) => handle().onExit(resolve));
      signal('SIGKILL');
      await gone;
    },
  };
}

/** The emulator slows as it fills; fault runs write more than any other test. */
const HEAP = '3g';

/** A Firestore of one's own, never a shared one of FIRESTORE_EMULATOR_HOST: it will be killed. */
export async function firestoreUnderFault(project: string) {
  const { FIRESTORE_EMULATOR_HOST: _shared, ...env } = process.env;
  const options = { project, prefer: localSettings().prefer, heap: HEAP, env };
  let running: LocalFirestore = await startFirestore(options);
  const { host, engine } = running;
  const port = Number(host.split(':')[1]);
  const restart = async () => {
    await running.stop();
    running = await startFirestore({ ...options, port });
  };
  return {
    host,
    port,
    engine,
    ...faultsOf('firestore', () => running),
    restart,
    stop: () => running.stop(),
  };
}

/** A Redis of one's own behind the Upstash bridge. */
export async function redisUnderFault() {
  const running = await startRedis({ prefer: localSettings().prefer });
  const { url, token, engine } = running;
  return {
    url,
    token,
    engine,
    ...faultsOf('redis', () => running),
    restart: () => running.restart(),
    stop: () => running.stop(),
  };
}
