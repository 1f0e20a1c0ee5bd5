import type { WordsOf } from '../../shared/runtime/words.ts';
import type { syncInbox } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof syncInbox> = {
  en: {
    name: 'Synchronise the inbox',
    act: (count) => (count === 1 ? 'synchronise 1 mailbox' : `synchronise ${count} mailboxes`),
    done: (count) => (count === 1 ? '1 mailbox synchronised' : `${count} mailboxes synchronised`),
    reasons: {
      due: 'due',
      backoff: 'tried again later',
      disabled: 'switched off',
      invalid: 'the mailbox is not usable',
      budget: 'the time budget ran out',
      auth: 'the sign-in is refused',
      busy: 'busy: another sync, or the server',
      network: 'no connection',
      timeout: 'the server does not answer in time',
      tls: 'certificate or encryption',
      protocol: 'the answer is unreadable',
      credentials: 'the credentials are unreadable',
      host: 'this host is not allowed',
    },
  },
  fr: {
    name: 'Synchroniser la boîte de réception',
    act: (count) => (count < 2 ? `synchroniser ${count} boîte` : `synchroniser ${count} boîtes`),
    done: (count) => (count < 2 ? `${count} boîte synchronisée` : `${count} boîtes synchronisées`),
    reasons: {
      due: 'à synchroniser',
      backoff: 'nouvel essai plus tard',
      disabled: 'désactivée',
      invalid: 'boîte inutilisable',
      budget: 'le budget de temps est épuisé',
      auth: 'identifiants refusés',
      busy: 'occupée : autre synchronisation ou serveur',
      network: 'pas de connexion',
      timeout: 'le serveur ne répond pas à temps',
      tls: 'certificat ou chiffrement',
      protocol: 'réponse illisible',
      credentials: 'identifiants illisibles',
      host: 'serveur non autorisé',
    },
  },
};
