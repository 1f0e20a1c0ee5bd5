import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from 'recheck';

const FILE = join(import.meta.dirname, 'proven.json');
/** An expression that takes longer to judge is `unknown`. */
const TIMEOUT_MS = 60_000;

/** Returns the name under which the list of proven expressions keeps a literal: a digest of source and flags. */
export const digestOf = (literal: string): string =>
  createHash('sha256').update(literal).digest('hex').slice(0, 16);

/** Reads the digests of the expressions that recheck has found linear. */
export const readProven = (): string[] => JSON.parse(readFileSync(FILE, 'utf8'));

/** Replaces the list of proven expressions. */
export const writeProven = (digests: Iterable<string>): void =>
  writeFileSync(FILE, `${JSON.stringify([...digests].sort(), null, 2)}\n`);

/** Asks recheck for the complexity of a literal. Returns null if it is linear, else the complexity and a text that shows it. */
export async function findSlowness(literal: string): Promise<string | null> {
  const end = literal.lastIndexOf('/');
  const found = await check(literal.slice(1, end), literal.slice(end + 1), { timeout: TIMEOUT_MS });
  if (found.status === 'safe') return null;
  if (found.status === 'unknown') return `unknown: ${found.error.kind}`;
  return `${found.complexity.summary}, as ${found.attack.pattern} shows`;
}
