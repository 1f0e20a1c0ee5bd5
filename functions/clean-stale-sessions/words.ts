import type { WordsOf } from '../../shared/runtime/words.ts';
import type { cleanStaleSessions } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof cleanStaleSessions> = {
  en: {
    name: 'Clean stale sessions',
    reasons: {
      stale: 'stale',
      recent: 'seen recently',
      alive_meanwhile: 'came back during the run',
      already_offline: 'put offline by another run',
    },
  },
  fr: {
    name: 'Nettoyer les sessions périmées',
    reasons: {
      stale: 'périmée',
      recent: 'vue récemment',
      alive_meanwhile: 'revenue pendant l’exécution',
      already_offline: 'déjà traitée par une autre exécution',
    },
  },
};
