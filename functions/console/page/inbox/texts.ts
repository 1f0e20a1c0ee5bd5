import { useWords } from '../base/language.tsx';
import { en } from './texts/en.ts';
import { fr } from './texts/fr.ts';

/** The texts of the pages of mail; they come with those pages. */
export const useInboxTexts = () => useWords({ en, fr });
