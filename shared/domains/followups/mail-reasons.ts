/** A reason in the words of its readers. */
export type ReasonWords = Readonly<{ en: string; fr: string }>;

/** The reasons that come from mail servers and mail accounts. */
export const MAIL_REASONS = {
  refused_for_now: {
    en: 'The server does not accept this recipient for now; a later run tries again.',
    fr: 'Le serveur n’accepte pas ce destinataire pour le moment ; nouvel essai plus tard.',
  },
  message_refused: {
    en: 'The server refuses this mail; after three refusals it waits for a person.',
    fr: 'Le serveur refuse ce courriel ; après trois refus, il attend qu’on s’en occupe.',
  },
  sender_refused: {
    en: 'The mail account may not send as this organisation; nothing was sent, it stays due.',
    fr: 'Le compte de messagerie n’a pas le droit d’envoyer au nom de cette organisation ; rien n’est parti, elle reste échue.',
  },
  daily_limit: {
    en: 'The mail account has sent its maximum of 24 hours; a run tries again every hour.',
    fr: 'Le compte de messagerie a atteint son maximum sur 24 heures ; nouvel essai toutes les heures.',
  },
  account_waits: {
    en: 'The organisation’s mail account fails and is tried again later; it stays due.',
    fr: 'Le compte d’envoi de l’organisation est en panne ; nouvel essai plus tard, elle reste échue.',
  },
  account_missing: {
    en: 'The billing settings name a mail account that the organisation does not have (mail_account).',
    fr: 'Les réglages de facturation désignent un compte d’envoi que l’organisation n’a pas (mail_account).',
  },
  no_answer: {
    en: 'The mail server did not answer; nothing was sent.',
    fr: 'Le serveur de messagerie ne répond pas ; rien n’est parti.',
  },
  mail_system: {
    en: 'The mail account or server refuses; nothing was sent, all stay due.',
    fr: 'Le compte ou le serveur de messagerie refuse ; rien n’est parti, tout reste échu.',
  },
  mail_stopped: {
    en: 'Mail was stopped for this run; it stays due.',
    fr: 'L’envoi a été arrêté pour cette exécution ; elle reste échue.',
  },
  mail_paused: { en: 'All mail is paused (EMAIL_PAUSED).', fr: 'Tout envoi est suspendu (EMAIL_PAUSED).' },
  mail_not_configured: {
    en: 'No mail server is configured (EMAIL_HOST).',
    fr: 'Aucun serveur de messagerie n’est configuré (EMAIL_HOST).',
  },
} as const satisfies Record<string, ReasonWords>;
