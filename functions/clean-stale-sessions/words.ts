import type { WordsOf } from '../../shared/runtime/words.ts';
import type { cleanStaleSessions } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof cleanStaleSessions> = {
  en: {
    name: 'Clean stale sessions',
    act: (count) => (count === 1 ? 'put 1 person offline' : `put ${count} people offline`),
    done: (count) => (count === 1 ? '1 person put offline' : `${count} people put offline`),
    reasons: {
      stale: 'stale',
      recent: 'seen recently',
      alive_meanwhile: 'came back during the run',
      already_offline: 'put offline by another run',
    },
  },
  fr: {
    name: 'Nettoyer les sessions périmées',
    act: (count) =>
      count < 2 ? `mettre ${count} personne hors ligne` : `mettre ${count} personnes hors ligne`,
    done: (count) =>
      count < 2 ? `${count} personne mise hors ligne` : `${count} personnes mises hors ligne`,
    reasons: {
      stale: 'périmée',
      recent: 'vue récemment',
      alive_meanwhile: 'revenue pendant l’exécution',
      already_offline: 'déjà traitée par une autre exécution',
    },
  },
};
