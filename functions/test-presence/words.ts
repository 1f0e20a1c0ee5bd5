import type { WordsOf } from '../../shared/runtime/words.ts';
import type { testPresence } from './task.ts';

/** The words of this task for people; a check that fails is its own reason. */
export const words: WordsOf<typeof testPresence> = {
  en: {
    name: 'Test presence',
    reasons: {
      check: 'check',
      firestore_connection: 'Firestore’s connection',
      redis_connection: 'Redis’s connection',
      user_schema: 'the users’ fields',
      presence_operations: 'the operations of presence',
      indexes: 'the indexes',
      simulated_update: 'a simulated sign of life',
      timings: 'the answering times',
    },
  },
  fr: {
    name: 'Tester la présence',
    reasons: {
      check: 'contrôle',
      firestore_connection: 'la connexion à Firestore',
      redis_connection: 'la connexion à Redis',
      user_schema: 'les champs des utilisateurs',
      presence_operations: 'les opérations de présence',
      indexes: 'les index',
      simulated_update: 'un signe de vie simulé',
      timings: 'les temps de réponse',
    },
  },
};
