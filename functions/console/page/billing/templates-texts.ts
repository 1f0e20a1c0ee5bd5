import type { Widened } from '../base/en.ts';
import { useWords } from '../base/language.tsx';

const en = {
  title: (organisation: string) => `Texts of the mails of ${organisation}`,
  intro: 'What the mail of each level says, in the language of the customer.',
  back: 'Billing settings',
  open: 'Texts of the mails',
  none: 'No level is set up, so no mail has a text.',
  template: 'Mail',
  which: {
    invoice: (levels: number[], name: string) => `Invoices, level ${levels.join(' and ')} (${name})`,
    quote: (levels: number[], name: string) => `Quotes, level ${levels.join(' and ')} (${name})`,
  },
  language: 'Language of the customer',
  own: 'text of the organisation’s own',
  builtIn: 'text that comes with Ronde',
  restore: 'Back to the text that comes with Ronde',
  subject: 'Subject',
  text: 'Text',
  empty: 'This is missing.',
  long: (max: number) => `At most ${max} characters.`,
  strange: (name: string) => `{{${name}}} cannot be filled in; use one of those named below.`,
  mayName: 'What is put in when the mail is made:',
  placeholders: {
    customer_name: 'the customer’s name',
    label: 'the number of the invoice or quote',
    amount: 'what is left to pay, with its currency',
    due_date: 'the due date',
    sent_date: 'when the quote was sent',
    days_late: 'days since the due date',
    organisation: 'who writes',
  },
};

const fr: Widened<typeof en> = {
  title: (organisation) => `Textes des courriels de ${organisation}`,
  intro: 'Ce que dit le courriel de chaque niveau, dans la langue du client.',
  back: 'Réglages de facturation',
  open: 'Textes des courriels',
  none: 'Aucun niveau n’est réglé, donc aucun courriel n’a de texte.',
  template: 'Courriel',
  which: {
    invoice: (levels, name) => `Factures, niveau ${levels.join(' et ')} (${name})`,
    quote: (levels, name) => `Devis, niveau ${levels.join(' et ')} (${name})`,
  },
  language: 'Langue du client',
  own: 'texte propre à l’organisation',
  builtIn: 'texte fourni avec Ronde',
  restore: 'Revenir au texte fourni avec Ronde',
  subject: 'Objet',
  text: 'Texte',
  empty: 'Ce champ manque.',
  long: (max) => `${max} caractères au plus.`,
  strange: (name) => `{{${name}}} ne peut pas être rempli ; prenez l’un de ceux nommés ci-dessous.`,
  mayName: 'Ce qui est mis à la place quand le courriel est fait :',
  placeholders: {
    customer_name: 'le nom du client',
    label: 'le numéro de la facture ou du devis',
    amount: 'ce qui reste à payer, avec sa devise',
    due_date: 'la date d’échéance',
    sent_date: 'la date d’envoi du devis',
    days_late: 'les jours depuis l’échéance',
    organisation: 'qui écrit',
  },
};

/** The texts of the page of templates; they come with it. */
export const useTemplateTexts = () => useWords({ en, fr });
