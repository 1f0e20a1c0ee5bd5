import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: 'Search',
  titleOf: (asked: string) => `Search: ${asked}`,
  help: 'A customer, a number, an address, a ticket, the beginning of a mail’s subject, a person, or a run’s id.',
  none: 'Nothing begins like this. Try the beginning of a name, a number or an address.',
  found: (count: string) => `${count} found`,
  atLeast: (count: string) => `the first ${count}`,
  kinds: {
    followups: 'Follow-ups',
    tickets: 'Tickets',
    mails: 'Mail',
    people: 'People',
    runs: 'Runs',
  },
  noSubject: '(no subject)',
};

const fr: Widened<typeof en> = {
  title: 'Recherche',
  titleOf: (asked) => `Recherche : ${asked}`,
  help: 'Un client, un numéro, une adresse, un ticket, le début de l’objet d’un message, une personne, ou l’identifiant d’une exécution.',
  none: 'Rien ne commence ainsi. Essayez le début d’un nom, d’un numéro ou d’une adresse.',
  found: (count) => (count === '0' || count === '1' ? `${count} trouvé` : `${count} trouvés`),
  atLeast: (count) => `les ${count} premiers`,
  kinds: {
    followups: 'Relances',
    tickets: 'Tickets',
    mails: 'Messages',
    people: 'Personnes',
    runs: 'Exécutions',
  },
  noSubject: '(sans objet)',
};

/** The texts of the page of the search; they come with it. */
export const useSearchTexts = () => useWords({ en, fr });
