export interface DemoMail {
  from: string;
  subject: string;
  text: string;
  hoursAgo: number;
  id: string;
  answers?: string;
  headers?: string[];
}

/** A small workshop's mails of one day: questions, answers, an out-of-office note, a bounce. */
const OFFICE: readonly DemoMail[] = [
  {
    id: 'q1',
    hoursAgo: 30,
    from: 'Amélie Roux <amelie@client.test>',
    subject: 'Devis pour un écran',
    text: 'Bonjour,\r\n\r\nCombien coûterait le remplacement de l’écran ?\r\n\r\nAmélie Roux',
  },
  {
    id: 'q2',
    hoursAgo: 26,
    from: 'Bruno Petit <bruno@client.test>',
    subject: 'Is my phone ready?',
    text: 'Hello, may I come by this afternoon?\r\nBruno',
  },
  {
    id: 'a1',
    hoursAgo: 20,
    from: 'Amélie Roux <amelie@client.test>',
    subject: 'Re: Devis pour un écran',
    text: 'C’est d’accord, merci.\r\n\r\n> Bonjour,\r\n> le remplacement coûte 180 €.',
    answers: 'q1',
  },
  {
    id: 'o1',
    hoursAgo: 9,
    from: 'Chiara Leoni <chiara@client.test>',
    subject: 'Automatic reply: Invoice 2031',
    text: 'I am away until Monday.',
    headers: ['Auto-Submitted: auto-replied'],
    answers: 'sent1',
  },
  {
    id: 'b1',
    hoursAgo: 5,
    from: 'Mail Delivery System <mailer-daemon@mail.test>',
    subject: 'Undelivered Mail Returned to Sender',
    text: 'The address gone@client.test does not exist.',
    headers: ['Auto-Submitted: auto-replied', 'Return-Path: <>'],
    answers: 'sent2',
  },
  {
    id: 'q3',
    hoursAgo: 2,
    from: '"Weiß, Jürgen" <juergen@client.test>',
    subject: 'Größe des Akkus',
    text: 'Guten Tag, welche Größe hat der Akku? 🙂',
  },
];

/** Mails to the accounts department: a supplier's invoice, a bank notice, answers to reminders, a tax question. */
const BILLING: readonly DemoMail[] = [
  {
    id: 'i1',
    hoursAgo: 46,
    from: 'Pièces Express <factures@pieces.test>',
    subject: 'Facture n° 88213',
    text: 'Bonjour,\r\n\r\nNotre facture n° 88213 : deux écrans et une batterie, 212,40 €, à 30 jours.\r\n\r\nPièces Express',
  },
  {
    id: 'r1',
    hoursAgo: 28,
    from: 'Elif Kaya <elif@client.test>',
    subject: 'Re: Reminder: invoice F-1990',
    text: 'Hello,\r\n\r\nI transferred the amount on Tuesday. Has it not arrived?\r\n\r\nElif Kaya',
    answers: 'sent3',
  },
  {
    id: 'p1',
    hoursAgo: 22,
    from: 'Banque du Canal <avis@banque.test>',
    subject: 'Avis de virement reçu',
    text: 'Virement reçu de Elif Kaya : 72,90 EUR, motif F-1990.',
    headers: ['Auto-Submitted: auto-generated'],
  },
  {
    id: 'r2',
    hoursAgo: 18,
    from: 'Elif Kaya <elif@client.test>',
    subject: 'Re: Reminder: invoice F-1990',
    text: 'My bank says it went out yesterday. Thank you for waiting.\r\n\r\n> Has it not arrived?',
    answers: 'r1',
  },
  {
    id: 't1',
    hoursAgo: 7,
    from: 'David Moreau <compta@moreau.test>',
    subject: 'Numéro de TVA sur la facture F-2035',
    text: 'Bonjour,\r\n\r\nPourriez-vous ajouter notre numéro de TVA et nous la renvoyer ?\r\n\r\nDavid Moreau',
  },
];

/** The mails of each local mailbox, by user. */
export const DEMO_MAILS: Readonly<Record<string, readonly DemoMail[]>> = { office: OFFICE, billing: BILLING };
