import { MAIL_REASONS, type ReasonWords } from './mail-reasons.ts';

/**
 * Every reason why a follow-up was, is or is not sent, with its words for people. The list is closed: history, `explain`
 * and the counts of a run use no other reason.
 */
export const REASONS = {
  // The reminder is due, or has been sent.
  due: {
    en: 'It is due and goes with the next run.',
    fr: 'Elle est échue et part à la prochaine exécution.',
  },
  sent: { en: 'The mail server has accepted it.', fr: 'Le serveur de messagerie l’a acceptée.' },
  already_sent: { en: 'This level has already been sent.', fr: 'Ce niveau est déjà parti.' },

  // Not now; a later run sends it without help.
  not_due: { en: 'It is not due yet.', fr: 'Elle n’est pas encore échue.' },
  not_scheduled: {
    en: 'It has no due time yet; the next run gives it one.',
    fr: 'Elle n’a pas encore de date d’envoi ; la prochaine exécution lui en donne une.',
  },
  before_due_date: { en: 'The invoice is not overdue.', fr: 'La facture n’est pas en retard.' },
  min_gap: {
    en: 'The previous reminder is too recent (min_gap_days).',
    fr: 'Le courriel précédent est trop récent (min_gap_days).',
  },
  rescheduled: {
    en: 'Its rules have changed: it is due later.',
    fr: 'Ses règles ont changé : elle est échue plus tard.',
  },
  paused: { en: 'It is paused.', fr: 'Elle est en pause.' },
  customer_promised: {
    en: 'The customer has promised to pay; it goes on the day after at the earliest.',
    fr: 'Le client a promis de payer ; elle part au plus tôt le lendemain de ce jour.',
  },
  customer_disputes: {
    en: 'The customer disputes the debt; reminders to this customer wait.',
    fr: 'Le client conteste ; ses relances sont suspendues.',
  },
  customer_paused: {
    en: 'Reminders to this customer are paused.',
    fr: 'Les relances de ce client sont en pause.',
  },
  customer_excluded: {
    en: 'This customer gets no reminders (excluded).',
    fr: 'Ce client ne reçoit pas de relances (exclu).',
  },
  quiet_hours: { en: 'These are quiet hours.', fr: 'C’est une plage de silence.' },
  weekend: { en: 'No mail goes out at weekends.', fr: 'Rien ne part le week-end.' },
  public_holiday: { en: 'Today is a public holiday.', fr: 'C’est un jour férié.' },
  held: {
    en: 'It was more than 30 days late when a change made it due at once, and waits for a confirmation.',
    fr: 'Elle avait plus de 30 jours de retard quand un changement l’a rendue échue d’un coup ; elle attend une confirmation.',
  },
  max_per_run: { en: 'This run has sent its maximum.', fr: 'Cette exécution a envoyé son maximum.' },
  max_per_day: { en: 'The maximum of the day has been reached.', fr: 'Le maximum du jour est atteint.' },
  in_progress: { en: 'Another run is sending it.', fr: 'Une autre exécution est en train de l’envoyer.' },
  changed_meanwhile: {
    en: 'It changed during the check; the next run decides again.',
    fr: 'Elle a changé entre-temps ; la prochaine exécution décidera.',
  },
  ...MAIL_REASONS,
  budget: {
    en: 'The time budget of this run ran out; it stays due.',
    fr: 'Le budget de temps de cette exécution était épuisé ; elle reste échue.',
  },

  // Switched off by a person.
  organisation_off: {
    en: 'Automatic follow-ups are off in the billing settings.',
    fr: 'Les relances automatiques sont désactivées dans les réglages de facturation.',
  },
  auto_disabled: {
    en: 'Automatic sending is off for this follow-up (auto_enabled).',
    fr: 'L’envoi automatique est désactivé pour cette relance (auto_enabled).',
  },
  paid: { en: 'It has been paid.', fr: 'Elle est payée.' },
  accepted: { en: 'The quote has been accepted.', fr: 'Le devis est accepté.' },
  cancelled: { en: 'It has been cancelled.', fr: 'Elle est annulée.' },
  stopped: { en: 'Somebody has stopped it.', fr: 'Quelqu’un l’a arrêtée.' },
  replied: { en: 'The customer has answered.', fr: 'Le client a répondu.' },
  opted_out: { en: 'The customer wants no more reminders.', fr: 'Le client ne veut plus de relances.' },
  hard_bounce: {
    en: 'The mail came back: the address does not exist.',
    fr: 'Le message est revenu : l’adresse n’existe pas.',
  },
  nothing_due: { en: 'Nothing is left to pay.', fr: 'Il ne reste rien à payer.' },
  below_minimum: {
    en: 'The amount is below the least one that is asked for (min_amount).',
    fr: 'Le montant est inférieur au minimum réclamé (min_amount).',
  },
  expired: {
    en: 'The quote is no longer valid (valid_until).',
    fr: 'Le devis n’est plus valable (valid_until).',
  },
  all_levels_sent: { en: 'Every level has been sent.', fr: 'Tous les niveaux ont été envoyés.' },

  // Parked until a person fixes the cause.
  no_start: {
    en: 'It has no due date (quote: no sending date), so it never comes due.',
    fr: 'Sans échéance (devis : sans date d’envoi), elle n’est jamais échue.',
  },
  no_email: { en: 'The customer has no e-mail address.', fr: 'Le client n’a pas d’adresse e-mail.' },
  bad_email: {
    en: 'The customer’s e-mail address is not valid.',
    fr: 'L’adresse e-mail du client n’est pas valable.',
  },
  bad_locale: {
    en: 'There is no template in the customer’s language.',
    fr: 'Il n’y a pas de modèle dans la langue du client.',
  },
  no_amount: {
    en: 'The amount or its currency is missing or not usable.',
    fr: 'Le montant ou sa devise manque ou est inutilisable.',
  },
  bad_row: {
    en: 'A field has a value that nobody can read with certainty.',
    fr: 'Un champ a une valeur qui ne se lit pas avec certitude.',
  },
  template_error: {
    en: 'Its template is missing or has an error.',
    fr: 'Son modèle manque ou contient une erreur.',
  },
  address_refused: {
    en: 'The server refuses the address for good.',
    fr: 'Le serveur refuse définitivement l’adresse.',
  },
  refused_for_days: {
    en: 'The server has not accepted this recipient for five days; its answer says why.',
    fr: 'Depuis cinq jours, le serveur n’accepte pas ce destinataire ; sa réponse dit pourquoi.',
  },
  unknown_delivery: {
    en: 'It may have arrived: the answer was lost. A person decides whether it counts as sent.',
    fr: 'Elle est peut-être arrivée : la réponse s’est perdue. Quelqu’un décide si elle compte comme envoyée.',
  },
  bad_settings: {
    en: 'The billing settings are not usable.',
    fr: 'Les réglages de facturation sont inutilisables.',
  },
} as const satisfies Record<string, ReasonWords>;

export type Reason = keyof typeof REASONS;

/** Parkings whose cause may be mended without a word to the follow-up: in the settings or by another back end. */
export const CHECKED_AGAIN = [
  'no_start',
  'no_email',
  'bad_email',
  'bad_locale',
  'no_amount',
  'nothing_due',
  'bad_row',
  'template_error',
] as const satisfies readonly Reason[];

/** Faults that a person fixes in the follow-up or its customer. An uncertain mail is settled instead. */
export const FIXABLE = [
  ...CHECKED_AGAIN,
  'address_refused',
  'refused_for_days',
  'message_refused',
] as const satisfies readonly Reason[];

/** The reasons that park a follow-up until a person fixes the cause. */
export type ParkingReason = (typeof FIXABLE)[number] | 'held' | 'customer_excluded' | 'unknown_delivery';

/** The reasons that stop a sequence before its document is settled. */
export type StopReason = Extract<Reason, 'stopped' | 'replied' | 'opted_out' | 'hard_bounce' | 'expired'>;
