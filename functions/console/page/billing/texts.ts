import { useWords } from '../base/language.tsx';
import { en } from './texts/en.ts';
import { fr } from './texts/fr.ts';

/** The texts of the page of billing settings; they come with it. */
export const useBillingTexts = () => useWords({ en, fr });
