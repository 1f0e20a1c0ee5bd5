import type { Locale } from '../../../doors/mail/message.ts';
import type { FollowupType } from '../schedule/schedule.ts';
import type { Template } from './template.ts';

type Texts = Readonly<Record<string, Readonly<Record<Locale, Template>>>>;

/** Paragraphs of every reminder about an invoice; each stands only in mails that have its value. */
const OPTIONAL_PARTS = {
  fr: `Régler en ligne :
{{payment_link}}

Voir la facture :
{{document_link}}

Vous nous aviez annoncé votre règlement pour le {{promised_on}} ; sauf erreur de notre part, il ne nous est pas parvenu.`,
  en: `Pay online:
{{payment_link}}

See the invoice:
{{document_link}}

You had announced your payment for {{promised_on}}; according to our records it has not reached us.`,
};

const INVOICE: Texts = {
  courteous: {
    fr: {
      subject: 'Rappel : facture {{label}} échue le {{due_date}}',
      text: `Bonjour {{customer_name}},

Sauf erreur de notre part, la facture {{label}} d’un montant de {{amount}}, échue le {{due_date}}, n’est pas encore réglée. C’est peut-être un simple oubli : merci de bien vouloir procéder à son règlement.

Si votre paiement est déjà parti, merci de ne pas tenir compte de ce message. Pour toute question, répondez simplement à cet e-mail.

${OPTIONAL_PARTS.fr}

Cordialement,
{{organisation}}`,
    },
    en: {
      subject: 'Reminder: invoice {{label}}, due {{due_date}}',
      text: `Dear {{customer_name}},

According to our records invoice {{label}} of {{amount}}, due on {{due_date}}, has not been paid yet. It may simply have been overlooked; we would be grateful for your payment.

If it is already on its way, please disregard this message. Should you have any question, just reply to this e-mail.

${OPTIONAL_PARTS.en}

Kind regards,
{{organisation}}`,
    },
  },
  firm: {
    fr: {
      subject: 'Deuxième rappel : facture {{label}} impayée depuis {{days_late}} jours',
      text: `Bonjour {{customer_name}},

Malgré notre précédent rappel, la facture {{label}} d’un montant de {{amount}}, échue le {{due_date}}, reste impayée depuis {{days_late}} jours.

Nous vous demandons de la régler sous huit jours. Si un point empêche ce règlement, dites-le-nous en répondant à cet e-mail : nous chercherons une solution avec vous.

${OPTIONAL_PARTS.fr}

Cordialement,
{{organisation}}`,
    },
    en: {
      subject: 'Second reminder: invoice {{label}}, {{days_late}} days overdue',
      text: `Dear {{customer_name}},

Despite our earlier reminder, invoice {{label}} of {{amount}}, due on {{due_date}}, is still unpaid and {{days_late}} days overdue.

Please settle it within eight days. If anything stands in the way of payment, tell us by replying to this e-mail, and we will look for a solution together.

${OPTIONAL_PARTS.en}

Kind regards,
{{organisation}}`,
    },
  },
  last: {
    fr: {
      subject: 'Dernier rappel avant mise en demeure : facture {{label}}',
      text: `Bonjour {{customer_name}},

La facture {{label}} d’un montant de {{amount}}, échue le {{due_date}}, reste impayée depuis {{days_late}} jours malgré nos rappels.

Ce message est notre dernier rappel amiable. Sans règlement ni réponse de votre part sous huit jours, nous vous adresserons une mise en demeure par lettre recommandée.

${OPTIONAL_PARTS.fr}

Cordialement,
{{organisation}}`,
    },
    en: {
      subject: 'Last reminder before formal notice: invoice {{label}}',
      text: `Dear {{customer_name}},

Invoice {{label}} of {{amount}}, due on {{due_date}}, is still unpaid and {{days_late}} days overdue despite our reminders.

This is our last amicable reminder. Without payment or an answer within eight days we will send you a formal notice by registered letter.

${OPTIONAL_PARTS.en}

Kind regards,
{{organisation}}`,
    },
  },
};

const QUOTE: Texts = {
  courteous: {
    fr: {
      subject: 'Notre devis {{label}}',
      text: `Bonjour {{customer_name}},

Nous vous avons adressé le {{sent_date}} le devis {{label}} d’un montant de {{amount}}. Avez-vous pu en prendre connaissance ?

Nous répondons volontiers à vos questions : répondez simplement à cet e-mail.

Voir le devis :
{{document_link}}

Cordialement,
{{organisation}}`,
    },
    en: {
      subject: 'Our quote {{label}}',
      text: `Dear {{customer_name}},

On {{sent_date}} we sent you quote {{label}} of {{amount}}. Have you had a chance to look at it?

We are happy to answer any question: just reply to this e-mail.

See the quote:
{{document_link}}

Kind regards,
{{organisation}}`,
    },
  },
  last: {
    fr: {
      subject: 'Votre décision sur le devis {{label}}',
      text: `Bonjour {{customer_name}},

Sans nouvelles de vous au sujet du devis {{label}} d’un montant de {{amount}}, envoyé le {{sent_date}}, nous nous permettons un dernier message.

Souhaitez-vous y donner suite ? Un simple « oui » ou « non » en réponse à cet e-mail suffit.

Voir le devis :
{{document_link}}

Cordialement,
{{organisation}}`,
    },
    en: {
      subject: 'Your decision on quote {{label}}',
      text: `Dear {{customer_name}},

We have not heard from you about quote {{label}} of {{amount}}, sent on {{sent_date}}, and this is our last message about it.

Would you like to go ahead? A simple yes or no in reply to this e-mail is enough.

See the quote:
{{document_link}}

Kind regards,
{{organisation}}`,
    },
  },
};

/** The built-in templates, by type of document and by name. */
export const BUILT_IN: Readonly<Record<FollowupType, Texts>> = { invoice: INVOICE, quote: QUOTE };

/** Returns a template's name without its optional `invoice_` or `quote_`. */
const shortName = (type: FollowupType, name: string) => name.replace(new RegExp(`^${type}[_-]`), '');

/** Finds a built-in template by its name, with or without its type. */
export function builtInTemplate(type: FollowupType, name: string, locale: Locale): Template | undefined {
  const short = shortName(type, name);
  return Object.hasOwn(BUILT_IN[type], short) ? BUILT_IN[type][short]?.[locale] : undefined;
}

/**
 * The names under which an organisation may override a template; the first one found holds. `invoice_courteous` is for
 * invoices only, `courteous` for quotes too.
 */
export const ownNames = (type: FollowupType, name: string): string[] => [
  `${type}_${shortName(type, name)}`,
  name,
];
