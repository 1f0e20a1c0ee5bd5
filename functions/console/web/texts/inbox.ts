import { useWords } from '../language.tsx';
import { en } from './inbox.en.ts';
import { fr } from './inbox.fr.ts';

/** The texts of the pages of mail; they come with those pages. */
export const useInboxTexts = () => useWords({ en, fr });
