import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: 'Settings',
  presence: 'Presence',
  threshold: '“Online” activity threshold (minutes)',
  thresholdHelp: (min: number, max: number) =>
    `Users are offline after this many minutes without activity. From ${min} to ${max}.`,
  alerts: 'Delay alerts',
  days: 'Late after (days in one stage)',
  daysHelp: (max: number) => `From 1 to ${max}.`,
  repeat: 'Repeat the alert after (hours)',
  repeatHelp: (max: number) => `From 1 to ${max}.`,
  ticketUrl: 'Address of a ticket in your own application',
  ticketUrlHelp: 'With {id} or {number} in it. Mails then link to each ticket.',
  excluded: 'never late',
  excludedOf: (name: string) => `${name} is never late`,
  stages: 'Stages with their own rule',
  stage: 'Stage',
  addStage: 'Add a stage',
  noStages: 'Every stage follows the general threshold.',
  remove: (name: string) => `Remove ${name}`,
  save: 'Save',
  saved: 'Saved.',
  unchanged: 'Nothing has been changed.',
  whole: (min: number, max: number) => `Enter a whole number from ${min} to ${max}.`,
  conflict: 'Somebody else has saved these settings. Yours were not saved.',
  watch: 'Incidents (watch-runs)',
  operators: 'Operators (one e-mail address per line)',
  operatorsHelp: (max: number) =>
    `They are notified when a run is missed, too long or failing, and when it recovers. At most ${max}.`,
  watchLocale: 'Language of these mails',
};

const fr: Widened<typeof en> = {
  title: 'Réglages',
  presence: 'Présence',
  threshold: "Seuil d'activité 'En ligne' (minutes)",
  thresholdHelp: (min, max) =>
    `Sans signe de vie depuis ce délai, une personne est hors ligne. De ${min} à ${max}.`,
  alerts: 'Alertes de retard',
  days: 'En retard après (jours dans une étape)',
  daysHelp: (max) => `De 1 à ${max}.`,
  repeat: 'Répéter l’alerte après (heures)',
  repeatHelp: (max) => `De 1 à ${max}.`,
  ticketUrl: 'Adresse d’un ticket dans votre application',
  ticketUrlHelp: 'Avec {id} ou {number}. Les courriels mènent alors à chaque ticket.',
  excluded: 'jamais en retard',
  excludedOf: (name) => `${name} : jamais en retard`,
  stages: 'Étapes avec leur propre règle',
  stage: 'Étape',
  addStage: 'Ajouter une étape',
  noStages: 'Toutes les étapes suivent le seuil général.',
  remove: (name) => `Retirer ${name}`,
  save: 'Enregistrer',
  saved: 'Enregistré.',
  unchanged: 'Rien n’a été modifié.',
  whole: (min, max) => `Saisissez un nombre entier de ${min} à ${max}.`,
  conflict: 'Quelqu’un d’autre a enregistré ces réglages entre-temps. Les vôtres n’ont pas été enregistrés.',
  watch: 'Incidents (watch-runs)',
  operators: 'Opérateurs (une adresse e-mail par ligne)',
  operatorsHelp: (max) =>
    `Ils sont prévenus quand une exécution manque, dépasse son délai ou échoue, et quand tout rentre dans l’ordre. ${max} au plus.`,
  watchLocale: 'Langue de ces courriels',
};

/** The texts of the page of settings; they come with it. */
export const useSettingsTexts = () => useWords({ en, fr });
