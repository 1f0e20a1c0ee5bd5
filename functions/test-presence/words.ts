import type { WordsOf } from '../../shared/runtime/words.ts';
import type { testPresence } from './task.ts';

/** The words of this task for people; a check that fails is its own reason. */
export const words: WordsOf<typeof testPresence> = {
  en: {
    name: 'Test presence',
    act: (count) => (count === 1 ? 'make 1 check' : `make ${count} checks`),
    done: (count) => (count === 1 ? '1 check passed' : `${count} checks passed`),
    reasons: {
      check: 'check',
      firestore_connection: 'the connection to Firestore',
      redis_connection: 'the connection to Redis',
      user_schema: 'the fields of users',
      presence_operations: 'the presence operations',
      indexes: 'the indexes',
      simulated_update: 'a simulated sign of life',
      timings: 'the response times',
    },
  },
  fr: {
    name: 'Tester la présence',
    act: (count) => (count < 2 ? `faire ${count} contrôle` : `faire ${count} contrôles`),
    done: (count) => (count < 2 ? `${count} contrôle réussi` : `${count} contrôles réussis`),
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
