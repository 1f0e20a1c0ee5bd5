import { Redis } from '@upstash/redis';
import { type Keyspace, runPresenceScript } from './presence-scripts.ts';

/** The ways in which one command may end; `lost`: it was done, and its answer is lost. */
export type CommandEnd = 'ok' | 'fail' | 'lost';
export type ArrangeCommand = (
  label: string,
  ends: readonly [CommandEnd, ...CommandEnd[]],
) => Promise<CommandEnd>;

/** The parts that a mutant leaves out. */
export interface RedisMutation {
  /** SET ignores NX. */
  withoutNx?: true;
  /** Scripts do not compare the holder. */
  withoutCompare?: true;
  /** A script does not look at this argument: it is as if it were this one. */
  blind?: { script: string; argument: number; value: string };
}

type Requester = ConstructorParameters<typeof Redis>[0] & { request(...args: unknown[]): Promise<unknown> };

/** A Redis in memory: the commands of leases and presence, behind the product's own client. Each command is one step of its caller. */
export class ModelRedis {
  readonly client: Redis;
  /** Set once somebody released or renewed a lease of another holder. */
  hasTakenFromHolder = false;
  readonly #values = new Map<string, { value: string | Map<string, string>; until: number }>();
  readonly #arrange: ArrangeCommand;
  readonly #now: () => number;
  readonly #mutation: RedisMutation;

  constructor(arrange: ArrangeCommand, now: () => number, mutation: RedisMutation = {}) {
    this.#arrange = arrange;
    this.#now = now;
    this.#mutation = mutation;
    const request = async ({ body }: { body: unknown[] }) => ({ result: await this.#call(body.map(String)) });
    this.client = new Redis({ request } as unknown as Requester);
  }

  /** Returns a value as it is now. Not a step. */
  get(key: string): string | null {
    const value = this.#stored(key);
    if (value instanceof Map) throw new Error(`the model holds a hash as ${key}`);
    return value;
  }

  #stored(key: string): string | Map<string, string> | null {
    const stored = this.#values.get(key);
    return stored && stored.until > this.#now() ? stored.value : null;
  }

  async #call(command: readonly string[]): Promise<unknown> {
    const [name = '', ...rest] = command;
    const key = name.toLowerCase() === 'eval' ? rest[2] : rest[0];
    const end = await this.#arrange(`redis ${name.toLowerCase()} ${key}`, ['ok', 'fail', 'lost']);
    if (end === 'fail') throw new TypeError('fetch failed');
    const result = this.#apply(name.toLowerCase(), rest);
    if (end === 'lost') throw new TypeError('fetch failed');
    return result;
  }

  #apply(name: string, rest: readonly string[]): unknown {
    if (name === 'set') return this.#set(rest);
    if (name === 'mget') return rest.map((key) => this.get(key));
    if (name === 'eval') return this.#eval(rest);
    throw new Error(`the model knows no ${name}`);
  }

  #set([key = '', value = '', ...options]: readonly string[]): 'OK' | null {
    const words = options.map((word) => word.toLowerCase());
    if (words.includes('nx') && !this.#mutation.withoutNx && this.get(key) !== null) return null;
    const ms = Number(words[words.indexOf('px') + 1]);
    this.#values.set(key, { value, until: this.#now() + ms });
    return 'OK';
  }

  /** Knows the scripts of presence, and the two of a lease by what they call. */
  #eval([script = '', count = '', ...rest]: readonly string[]): unknown {
    const keys = rest.slice(0, Number(count));
    const args = rest.slice(Number(count));
    const { blind } = this.#mutation;
    if (blind?.script === script) args[blind.argument] = blind.value;
    return runPresenceScript(script, this.#keyspace, keys, args) ?? this.#lease(script, keys[0] ?? '', args);
  }

  #lease(script: string, key: string, [token = '', ms]: readonly string[]): number {
    if (!script.startsWith("if redis.call('GET', KEYS[1]) == ARGV[1]"))
      throw new Error(`the model knows no script ${script}`);
    const held = this.get(key);
    if (held !== token) {
      if (!this.#mutation.withoutCompare || held === null) return 0;
      this.hasTakenFromHolder = true;
    }
    if (script.includes("'DEL'")) this.#values.delete(key);
    else this.#values.set(key, { value: held ?? '', until: this.#now() + Number(ms) });
    return 1;
  }

  readonly #keyspace: Keyspace = {
    get: (key) => this.get(key),
    set: (key, value, ms) => void this.#values.set(key, { value, until: this.#now() + ms }),
    del: (key) => void this.#values.delete(key),
    hash: (key) => {
      const stored = this.#stored(key);
      return new Map(stored instanceof Map ? stored : []);
    },
    keep: (key, hash, ms) => void this.#values.set(key, { value: hash, until: this.#now() + ms }),
  };
}
