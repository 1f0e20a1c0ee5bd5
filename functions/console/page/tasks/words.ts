import type { TaskWords } from '../../../../shared/runtime/words.ts';
import { type Language, useLanguage, useWords, worded } from '../base/language.tsx';

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
