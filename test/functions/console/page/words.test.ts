import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { cleanStaleSessions } from '../../../../functions/clean-stale-sessions/task.ts';
import { words as stale } from '../../../../functions/clean-stale-sessions/words.ts';
import { tasks } from '../../../../functions/tasks.ts';
import type { TaskWords, WordsOf } from '../../../../shared/runtime/words.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const LANGUAGES = ['en', 'fr'] as const;
type BothLanguages = Record<(typeof LANGUAGES)[number], TaskWords>;

/** The words of a task as its file has them; undefined without a file. */
async function readWords(file: string): Promise<BothLanguages | undefined> {
  const path = join(ROOT, file);
  return existsSync(path) ? ((await import(path)) as { words?: BothLanguages }).words : undefined;
}

/** Each fault with the file to edit. */
function faultsIn(file: string, words: BothLanguages | undefined): string[] {
  if (!words)
    return [`${file} is missing: export \`words: WordsOf<typeof task>\`, its name and reasons in en and fr`];
  const reasons = [...new Set(LANGUAGES.flatMap((language) => Object.keys(words[language].reasons)))];
  return LANGUAGES.flatMap((language) => {
    const { name, reasons: known } = words[language];
    const wordless = reasons.filter((reason) => !known[reason]?.trim());
    return [
      ...(name.trim() ? [] : [`${file} has no name in ${language}`]),
      ...wordless.map((reason) => `${file} has no words for reason ${reason} in ${language}`),
    ];
  });
}

describe('the words of a task', () => {
  it.each(tasks.map(({ name }) => name))('%s has a name and its reasons in both languages', async (name) => {
    const file = `functions/${name}/words.ts`;
    expect(faultsIn(file, await readWords(file)).join('\n')).toBe('');
  });

  it('are missed by a message that names the file', async () => {
    const file = 'functions/no-such-task/words.ts';
    expect(faultsIn(file, await readWords(file))).toEqual([
      expect.stringMatching(/^functions\/no-such-task\/words\.ts is missing: export `words/),
    ]);
    const count = (number: number) => String(number);
    const en = { name: 'Clean', act: count, done: count, reasons: { stale: 'stale', recent: 'recent' } };
    const fr = { name: '', act: count, done: count, reasons: { stale: 'périmée' } };
    expect(faultsIn(file, { en, fr })).toEqual([
      `${file} has no name in fr`,
      `${file} has no words for reason recent in fr`,
    ]);
  });

  it('are refused by the compiler where one reason lacks', () => {
    const { recent, ...others } = stale.en.reasons;
    // @ts-expect-error The reason `recent` has no words.
    const forgetful: WordsOf<typeof cleanStaleSessions>['en'] = { ...stale.en, reasons: others };
    expect([recent, forgetful.reasons]).toEqual(['seen recently', others]);
  });
});
