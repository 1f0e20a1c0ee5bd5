/** What the bridge sends for a reply of Redis, and what it takes as a command. */

/**
 * A reply as Upstash sends it: integers and null as they are, every string at any depth in base64 where the client asked
 * for it, except a bare "OK" at the top, which stays readable. Maps become flat lists of key, value.
 */
export function encodeReply(reply: unknown, base64: boolean): unknown {
  if (reply instanceof Buffer && reply.toString('latin1') === 'OK') return 'OK';
  return encode(reply, base64);
}

function encode(reply: unknown, base64: boolean): unknown {
  if (reply instanceof Buffer) return reply.toString(base64 ? 'base64' : 'utf8');
  if (typeof reply === 'string') return base64 ? Buffer.from(reply).toString('base64') : reply;
  if (Array.isArray(reply)) return reply.map((entry) => encode(entry, base64));
  if (reply instanceof Map) return [...reply].flat().map((entry) => encode(entry, base64));
  if (reply instanceof Error) return { error: reply.message };
  if (typeof reply === 'bigint') return Number(reply);
  if (typeof reply === 'object' && reply !== null) {
    return Object.entries(reply).flatMap(([key, value]) => [encode(key, base64), encode(value, base64)]);
  }
  return reply ?? null;
}

/** One command: a list of a name and its arguments. Throws TypeError for anything else. */
export function parseCommand(body: unknown): [string, ...string[]] {
  if (!Array.isArray(body) || typeof body[0] !== 'string' || body[0] === '') {
    throw new TypeError('ERR a command is a JSON array that begins with its name, such as ["GET","key"]');
  }
  const [name, ...args] = body as [string, ...unknown[]];
  return [name, ...args.map(argument)];
}

/** A list of commands. */
export function parseCommands(body: unknown): [string, ...string[]][] {
  if (!Array.isArray(body)) throw new TypeError('ERR send a JSON array of commands');
  return body.map(parseCommand);
}

function argument(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
}
