import { useWords } from '../base/language.tsx';
import { reasonsEn } from './reasons-en.ts';
import { reasonsFr } from './reasons-fr.ts';

/** The reasons of all tasks in words. */
export const useReasons = () => useWords({ en: reasonsEn, fr: reasonsFr });
