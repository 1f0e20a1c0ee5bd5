import { useWords } from '../base/language.tsx';
import { en } from './texts/en.ts';
import { fr } from './texts/fr.ts';

/** The texts of the pages of tasks, runs and incidents. */
export const useTasksTexts = () => useWords({ en, fr });
