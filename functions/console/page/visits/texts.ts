import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: 'Visits',
  intro: (zone: string) => `Which pages were read, and for how long. Days are those of ${zone}.`,
  span: 'Span',
  days: (count: number) => `the last ${count} days`,
  none: 'No visit began in these days. Choose a longer span, or check that the browser client runs on your pages.',
  part: (counted: string, all: string) =>
    `The newest ${counted} of ${all} visits are added up; choose fewer days to have them all.`,
  visits: 'Visits',
  engaged: 'Engaged time',
  mean: 'Engaged per visit',
  duration: 'Time open',
  inferred: 'No closing signal',
  inferredHelp:
    'Engaged time runs only while a page is visible and in focus. “No closing signal” is the share of closed visits without any signal after the page was opened; their time open counts as 0.',
  open: 'Still open',
  byDay: 'By day',
  byPage: 'By page',
  day: 'Day',
  page: 'Page',
  more: (count: number) => (count === 1 ? 'and 1 more page' : `and ${count} more pages`),
};

const fr: Widened<typeof en> = {
  title: 'Visites',
  intro: (zone) => `Quelles pages ont été lues, et combien de temps. Les jours sont ceux de ${zone}.`,
  span: 'Période',
  days: (count) => `les ${count} derniers jours`,
  none: 'Aucune visite n’a commencé ces jours-là. Choisissez une période plus longue, ou vérifiez que le client tourne dans vos pages.',
  part: (counted, all) =>
    `Les ${counted} visites les plus récentes sur ${all} sont comptées ; choisissez moins de jours pour les avoir toutes.`,
  visits: 'Visites',
  engaged: 'Temps d’attention',
  mean: 'Attention par visite',
  duration: 'Temps d’ouverture',
  inferred: 'Sans signal de fin',
  inferredHelp:
    'Le temps d’attention ne court que si la page est visible et active. « Sans signal de fin » : part des visites closes sans aucun signal après l’ouverture de la page ; leur temps d’ouverture compte pour 0.',
  open: 'Encore ouvertes',
  byDay: 'Par jour',
  byPage: 'Par page',
  day: 'Jour',
  page: 'Page',
  more: (count) => (count === 1 ? 'et 1 autre page' : `et ${count} autres pages`),
};

/** The texts of the page of visits; they come with it. */
export const useVisitsTexts = () => useWords({ en, fr });
