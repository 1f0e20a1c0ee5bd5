import { useWords } from '../language.tsx';
import { en } from './billing.en.ts';
import { fr } from './billing.fr.ts';

/** The texts of the page of billing settings; they come with it. */
export const useBillingTexts = () => useWords({ en, fr });
