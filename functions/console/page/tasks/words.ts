import type { Counts } from '../../../../shared/runtime/task.ts';
import type { TaskWords } from '../../../../shared/runtime/words.ts';
import { whole } from '../base/format.ts';
import { type Language, useLanguage, useWords, worded } from '../base/language.tsx';
import { useTasksTexts } from './texts.ts';

type WordsFile = Record<Language, TaskWords>;

/** Every `functions/<task>/words.ts`; the build finds them, so that a new task needs no entry here. */
const files = import.meta.glob<WordsFile>('../../../*/words.ts', { eager: true, import: 'words' });

const tasks = new Map(Object.entries(files).map(([path, words]) => [path.split('/').at(-2) ?? '', words]));

const namesIn = (language: Language): Record<string, string> =>
  Object.fromEntries([...tasks].map(([task, words]) => [task, words[language].name]));

const names = { en: namesIn('en'), fr: namesIn('fr') };

/** The reasons that the runtime gives for any task. A code may follow `error` and `store`. */
const common: Record<Language, Record<string, string>> = {
  en: {
    no_result: 'ended without a result',
    error: 'an unexpected error',
    store: 'the database refused the write',
  },
  fr: {
    no_result: 'terminé sans résultat',
    error: 'une erreur imprévue',
    store: 'la base de données a refusé l’écriture',
  },
};

/** The names of all tasks in the language of the page, by task. */
export const useTaskNames = () => useWords(names);

/** Returns the words for a reason of a task, in the language of the page. */
export function useReasons(task: string | null): (reason: string) => string {
  const { language } = useLanguage();
  const words = { ...common[language], ...tasks.get(task ?? '')?.[language].reasons };
  return (reason) => {
    const [, kind = '', code] = /^(error|store)_(.+)$/.exec(reason) ?? [];
    return code ? `${worded(words, kind)} (${code})` : worded(words, reason);
  };
}

/** Returns the act of a task in words, and the counts of its runs. */
export function useActs(task: string | null) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  const words = tasks.get(task ?? '')?.[language];
  const act = (count: number) => words?.act(count) ?? `${whole(count, language)} ${texts.run.acted(count)}`;
  const done = (count: number) => words?.done(count) ?? `${whole(count, language)} ${texts.run.acted(count)}`;
  /** `would` is for a dry run, which has done nothing. */
  const counts = (of: Counts | null, would = false): string => {
    if (!of) return '';
    const { candidates, acted, skipped, failed } = of;
    return [
      `${whole(candidates, language)} ${texts.run.candidates(candidates)}`,
      acted > 0 && (would ? texts.result.would(act(acted)) : done(acted)),
      skipped > 0 && `${whole(skipped, language)} ${texts.run.skipped(skipped)}`,
      failed > 0 && `${whole(failed, language)} ${texts.run.failed(failed)}`,
    ]
      .filter(Boolean)
      .join(' · ');
  };
  return { act, done, counts };
}
