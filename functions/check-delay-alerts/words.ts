import type { WordsOf } from '../../shared/runtime/words.ts';
import type { checkDelayAlerts } from './task.ts';

/** The words of this task for people. */
export const words: WordsOf<typeof checkDelayAlerts> = {
  en: {
    name: 'Alert about late tickets',
    reasons: {
      new: 'first alert',
      reminder: 'reminder',
      forced: 'forced',
      suppressed: 'alerted a short while ago',
      beyond_limit: 'too many late tickets for one recipient',
      changed_meanwhile: 'changed during the run',
      mail_paused: 'all mail is paused',
      mail_not_configured: 'no mail server is configured',
      no_active_recipient: 'no recipient is active',
      no_responsible_recipient: 'no recipient has this stage or this person',
      invalid_address: 'the address is not valid',
      in_flight: 'another run is sending it',
      released: 'an earlier run released it',
      unknown: 'delivery uncertain',
      refused: 'the address is refused',
      budget: 'the time budget ran out',
      mail_system: 'the mail account or server refuses',
      try_later: 'the server accepts no mail for now',
    },
  },
  fr: {
    name: 'Alerter sur les retards',
    reasons: {
      new: 'première alerte',
      reminder: 'rappel',
      forced: 'forcée',
      suppressed: 'alerte récente',
      beyond_limit: 'trop de tickets en retard pour un destinataire',
      changed_meanwhile: 'modifié pendant l’exécution',
      mail_paused: 'tout envoi est suspendu',
      mail_not_configured: 'aucun serveur de messagerie configuré',
      no_active_recipient: 'aucun destinataire actif',
      no_responsible_recipient: 'aucun destinataire pour cette étape ou cette personne',
      invalid_address: 'l’adresse n’est pas valable',
      in_flight: 'une autre exécution est en train de l’envoyer',
      released: 'libérée par une exécution précédente',
      unknown: 'envoi incertain',
      refused: 'l’adresse est refusée',
      budget: 'le budget de temps est épuisé',
      mail_system: 'le compte ou le serveur de messagerie refuse',
      try_later: 'le serveur n’accepte rien pour le moment',
    },
  },
};
