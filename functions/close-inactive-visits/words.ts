import type { WordsOf } from '../../shared/runtime/words.ts';
import type { closeInactiveVisits } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof closeInactiveVisits> = {
  en: {
    name: 'Close inactive visits',
    act: (count) => (count === 1 ? 'close 1 visit' : `close ${count} visits`),
    done: (count) => (count === 1 ? '1 visit closed' : `${count} visits closed`),
    reasons: {
      timeout: 'no sign of life any more',
      max_length: 'open for a whole day',
      still_active: 'still active',
      start_unreadable: 'start unreadable',
      changed_meanwhile: 'changed during the run',
    },
  },
  fr: {
    name: 'Clore les visites inactives',
    act: (count) => (count < 2 ? `clore ${count} visite` : `clore ${count} visites`),
    done: (count) => (count < 2 ? `${count} visite close` : `${count} visites closes`),
    reasons: {
      timeout: 'plus de signe de vie',
      max_length: 'ouverte depuis un jour entier',
      still_active: 'encore active',
      start_unreadable: 'début illisible',
      changed_meanwhile: 'modifiée pendant l’exécution',
    },
  },
};
