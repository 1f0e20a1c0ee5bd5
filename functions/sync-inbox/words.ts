import type { WordsOf } from '../../shared/runtime/words.ts';
import type { syncInbox } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof syncInbox> = {
  en: {
    name: 'Synchronise the inbox',
    reasons: {
      due: 'due',
      backoff: 'tried again later',
      disabled: 'switched off',
      invalid: 'the mailbox is not usable',
      budget: 'the time was over',
      auth: 'the login is refused',
      busy: 'busy: another sync, or the server',
      network: 'no connection',
      timeout: 'the server does not answer in time',
      tls: 'certificate or encryption',
      protocol: 'an answer that cannot be read',
      credentials: 'the credentials do not open',
      host: 'not a host that may be called',
    },
  },
  fr: {
    name: 'Synchroniser la boîte de réception',
    reasons: {
      due: 'à synchroniser',
      backoff: 'nouvel essai plus tard',
      disabled: 'désactivée',
      invalid: 'boîte inutilisable',
      budget: 'le temps était écoulé',
      auth: 'identifiants refusés',
      busy: 'occupée : autre synchronisation ou serveur',
      network: 'pas de connexion',
      timeout: 'le serveur ne répond pas à temps',
      tls: 'certificat ou chiffrement',
      protocol: 'une réponse illisible',
      credentials: 'les identifiants ne s’ouvrent pas',
      host: 'serveur qui ne peut pas être appelé',
    },
  },
};
