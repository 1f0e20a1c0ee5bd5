import { useWords } from '../language.tsx';
import { en } from './followups.en.ts';
import { fr } from './followups.fr.ts';

/** The texts of the pages of follow-ups; they come with those pages. */
export const useFollowupTexts = () => useWords({ en, fr });
