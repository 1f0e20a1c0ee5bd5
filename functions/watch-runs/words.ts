import type { WordsOf } from '../../shared/runtime/words.ts';
import type { watchRuns } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof watchRuns> = {
  en: {
    name: 'Watch the runs',
    reasons: {
      watching: 'watched from now on',
      open: 'a new incident',
      tell: 'to be reported',
      told: 'reported already',
      nobody_to_tell: 'no operator to notify',
      withdraw: 'withdrawn',
      unreported: 'a run closed without its lost batches',
      on_time: 'on time',
      paused: 'paused',
      stale_pause: 'paused in the settings, yet it runs',
      another_watchman: 'another run of this task was first',
      known: 'known already',
      mail_not_configured: 'no mail server is configured',
      mail_paused: 'all mail is paused',
      mail_retry: 'the mail server accepts no mail for now',
      mail_stopped: 'mail was stopped for this run',
      mail_system: 'the mail account or server refuses',
      webhook: 'the webhook did not accept it',
    },
  },
  fr: {
    name: 'Surveiller les exécutions',
    reasons: {
      watching: 'surveillée désormais',
      open: 'un nouvel incident',
      tell: 'à signaler',
      told: 'déjà signalé',
      nobody_to_tell: 'aucun opérateur à prévenir',
      withdraw: 'retiré',
      unreported: 'exécution close sans ses lots perdus',
      on_time: 'à l’heure',
      paused: 'en pause',
      stale_pause: 'en pause dans les réglages, mais elle tourne',
      another_watchman: 'une autre exécution de cette tâche a été plus rapide',
      known: 'déjà connu',
      mail_not_configured: 'aucun serveur de messagerie configuré',
      mail_paused: 'tout envoi est suspendu',
      mail_retry: 'le serveur de messagerie n’accepte rien pour le moment',
      mail_stopped: 'envoi arrêté pour cette exécution',
      mail_system: 'le compte ou le serveur de messagerie refuse',
      webhook: 'le webhook n’a pas accepté le message',
    },
  },
};
