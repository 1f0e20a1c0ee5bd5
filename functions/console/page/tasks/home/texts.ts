import { useWords } from '../../base/language.tsx';
import { en } from './texts/en.ts';
import { fr } from './texts/fr.ts';

/** The texts of the home page. */
export const useHomeTexts = () => useWords({ en, fr });
