import { useWords } from '../base/language.tsx';
import { en } from './texts/en.ts';
import { fr } from './texts/fr.ts';

/** The texts of the pages of follow-ups; they come with those pages. */
export const useFollowupsTexts = () => useWords({ en, fr });
