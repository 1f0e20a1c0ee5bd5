import { type LocalFirestore, startFirestore } from '../../../infra/local/firestore/firestore.ts';
import { startRedis } from '../../../infra/local/redis/redis.ts';
import { localSettings } from '../../../infra/local/settings.ts';

/** An engine process that receives faults by its pid, which `.local/stack.json` would name. */
export interface FaultEngine {
  name: string;
  pid(): number;
  alive(): boolean;
  /** Sends SIGSTOP: connections stay, but no answer comes. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
  /** Sends SIGKILL and resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts a new, empty engine on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface EngineHandle {
  pid: number | null;
  onExit(callback: () => void): void;
}

function faultsOf(name: string, handle: () => EngineHandle): Omit<FaultEngine, 'restart' | 'stop'> {
  const pid = () => {
    const found = handle().pid;
    if (found === null) throw new Error(`${name} is no process of this test; faults need one`);
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

/** The emulator slows as it fills, and fault runs write more than any other test. */
const HEAP = '3g';

/** Starts a separate Firestore and never uses FIRESTORE_EMULATOR_HOST, since faults will kill it. */
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

/** Starts a separate Redis behind the Upstash bridge. */
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
