/**
 * Words of answering machines in the languages of the European Union, French first. Texts are compared in small letters
 * without accents (`plainWords`). Sources: subjects of Exchange, Notes, Gmail, Zimbra and of common helpdesks.
 */

/** Letters that have no accent to take away. */
const LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  đ: 'd',
  '’': "'",
};

/** Returns a text in small letters without accents, on one line. */
export function plainWords(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łßøæœđ’]/gu, (letter) => LETTERS[letter] ?? letter)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim();
}

const anyOf = (words: readonly string[]) => words.join('|');

/** Subjects of acknowledgements: a machine has received the mail, and no person has read it yet. */
export const RECEIVED_SUBJECT = new RegExp(
  anyOf([
    '(?:accuse|confirmation) de (?:bonne )?reception',
    '(?:nous avons|avons) bien recu',
    'votre (?:demande|message|ticket|e-?mail|courriel|requete)[^:]{0,40}(?:a (?:bien )?ete|est) (?:bien )?(?:recu|pris|enregistr|cree|transmis)',
    'ticket (?:cree|created|received|opened|erstellt|creado|creato|aangemaakt|criado)',
    "(?:we(?:'ve| have)? (?:got|received)|thank you for (?:contacting|your (?:message|request|e-?mail)))",
    'your (?:request|ticket|message|e-?mail|case)[^:]{0,40} (?:has been|was|is) (?:received|created|opened|registered|logged)',
    'acknowledge?ment of receipt',
    '(?:eingangs|empfangs)bestatigung',
    'wir haben ihre (?:anfrage|nachricht|e-?mail|mail) erhalten',
    'ihre (?:anfrage|nachricht|e-?mail)[^:]{0,40} (?:ist (?:bei uns )?eingegangen|wurde (?:empfangen|erfasst|registriert))',
    'vielen dank fur ihre (?:anfrage|nachricht|e-?mail|mail)',
    'conferma di (?:ricezione|ricevimento)',
    'abbiamo ricevuto (?:la|il) (?:sua|tua|vostra|suo|tuo|vostro)',
    'acuse de recibo',
    'hemos recibido (?:su|tu|vuestr)',
    '(?:ontvangst|ontvangst ?)bevestiging',
    'wij? hebben (?:uw|je) (?:bericht|vraag|e-?mail|mail|aanvraag|verzoek) ontvangen',
    'uw (?:bericht|vraag|e-?mail|aanvraag|verzoek)[^:]{0,40} is (?:ontvangen|geregistreerd|aangemaakt)',
    '(?:confirmacao|aviso) de (?:rececao|recepcao|recebimento)',
    'recebemos (?:o|a) (?:seu|sua)',
    'potwierdzenie (?:odbioru|otrzymania|przyjecia)',
    'otrzymalismy (?:panstwa|twoj|twoje|pani|pana)',
  ]),
  'u',
);

/** Subjects of challenges, which ask the sender to prove that a person writes. */
export const CHALLENGE_SUBJECT = new RegExp(
  anyOf([
    '(?:veuillez|merci de|priere de|svp) (?:vous )?(?:confirmer|authentifier|valider|verifier)',
    "(?:demande|besoin|necessite)[^:]{0,20} (?:d')?authentification",
    'mailinblack|boxtrapper|spam ?arrest|tmda',
    '(?:please |you must )?(?:confirm|verify|authenticate) (?:your|that you|you are|the delivery)',
    'please (?:confirm|verify|authenticate)',
    'action required to deliver',
    'bestatigen sie (?:bitte )?(?:ihre|den|die)',
    'bitte (?:bestatigen|verifizieren)',
    'conferm[ai] (?:il|la|l.) (?:tuo|suo|tua|sua|vostr|invio|messaggio)',
    '(?:por favor,? )?confirme (?:su|tu|o seu|a sua|que)',
    'bevestig (?:uw|je|dat)',
    'potwierdz (?:swoj|wyslanie|ze|wiadomosc)|prosimy o potwierdzenie',
  ]),
  'u',
);

/** Subjects of answers to invitations, which calendars write. */
export const INVITATION_SUBJECT =
  /^(?:accepted|declined|tentative|tentatively accepted|accepte|refuse|provisoire|zugesagt|abgesagt|mit vorbehalt|accettato|rifiutato|aceptado|rechazado|geaccepteerd|geweigerd|aceite|recusado|zaakceptowan[eoy]|odrzucon[eoy]) ?:/u;

/** Subjects of read receipts of programs that send them as plain text. */
export const READ_SUBJECT =
  /^(?:lue?|non lue?|read|not read|gelesen|(?:nicht|un) ?gelesen|letto|non letto|leido|no leido|lida|nao lida|gelezen|(?:niet|on)gelezen|niet gelezen|przeczytan[eao]|nie ?przeczytan[eao]|return receipt|accuse de lecture|lesebestatigung|conferma di lettura|confirmacion de lectura|leesbevestiging|recibo de leitura|potwierdzenie przeczytania)(?: ?:| ?$| \(|[^:]*-)/u;

/** The left side of addresses that no person reads. */
export const UNREAD_ADDRESS = new RegExp(
  `^(?:${anyOf([
    'mailer-daemon',
    'postmaster',
    'no-?_?reply',
    'do-?_?not-?_?reply',
    'ne-?_?pas-?_?repondre',
    'pas-?de-?reponse',
    'nicht-?_?antworten',
    'keine?-?antwort',
    'non-?_?rispondere',
    'no-?_?responder',
    'nao-?_?responda',
    'niet-?_?beantwoorden',
    'geen-?antwoord',
    'nie-?_?odpowiadac',
    '[^@]{1,40}[-._](?:no-?_?reply|do-?_?not-?_?reply|ne-?_?pas-?_?repondre)',
    'auto-?(?:reply|responder|antwort|mailer)',
    'robot',
  ])})(?:[+.\\-_][^@]*)?(?:@|$)`,
  'u',
);
