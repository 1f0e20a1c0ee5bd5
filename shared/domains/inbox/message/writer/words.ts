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
const begins = (words: readonly string[]) => new RegExp(`^(?:${anyOf(words)})`, 'u');

/** A word that stands alone or before a date, a period or the subject of the mail that is answered. */
const ALONE =
  "(?= *$| ?[:\\-\\u2013(\\[!]| (?:re|aw|tr|du|de|d'|au|a|jusqu|temporar[a-z]*|temporair[a-z]*|prolong[a-z]*|pour|from|until|till|vom|bis|von|dal|dall'|fino|del|hasta|van|tot|t/m|ate|od|do|w)\\b)";

/** Subjects of absence notes. */
export const ABSENCE_SUBJECT = begins([
  // Notes and Domino, in every language.
  'auto ?: ?',
  '[^:]{1,60} (?:est|sera) (?:absente?|en conges?|en vacances|hors du bureau)(?![a-z])',
  '[^:]{1,60} is (?:currently )?(?:out of (?:the )?office|away|on (?:\\w+ )?(?:leave|vacation|holiday))',
  '[^:]{1,60} ist (?:derzeit |zur ?zeit )?(?:abwesend|nicht (?:im|am) (?:buro|haus)|im urlaub|ausser haus)',
  // French
  'reponse (?:auto\\b|automatique|d.absence)',
  'message (?:auto\\b|automatique|d.absence)',
  `absence${ALONE}`,
  `absente?(?:\\(e\\))?${ALONE}`,
  "(?:avis|notification|annonce|notice) d'absence",
  `(?:en )?conges?(?: annuels?| payes?| maternite| parental)?${ALONE}`,
  `(?:en )?vacances${ALONE}`,
  'hors du bureau',
  'je (?:suis|serai) (?:actuellement )?(?:absent|en conge|en vacances|en deplacement|indisponible)',
  'indisponib(?:le|ilite)',
  "fermeture (?:annuelle|estivale|exceptionnelle|pour conge|de fin d'annee|de noel|du bureau)",
  // English
  'auto(?:matic)?[- ]?(?:reply|response|responder|answer)',
  'out of (?:the )?office',
  'ooo\\b',
  'away from (?:the |my )?(?:office|desk|mail)',
  `(?:i am |i'm )?(?:currently )?(?:on|away on) (?:annual |maternity |parental |sick )?(?:vacation|holidays?|leave)${ALONE}`,
  'vacation (?:reply|response|message|notice|responder)',
  '(?:i am|i.m) (?:currently )?(?:away|out)\\b',
  'absence notification',
  'office closed',
  // German
  'automatische (?:antwort|ruckantwort|e-?mail|nachricht|ruckmeldung)',
  'automatisch (?:generierte|erstellte|erzeugte)',
  'abwesenheit',
  `abwesend${ALONE}`,
  '(?:ich bin )?(?:derzeit |zur ?zeit )?(?:im|auf) urlaub',
  `urlaub${ALONE}`,
  'urlaubs(?:notiz|meldung|vertretung|abwesenheit)',
  '(?:ich bin )?(?:derzeit |zur ?zeit )?(?:nicht (?:im|am) (?:buro|haus|arbeitsplatz)|ausser haus)',
  'betriebs(?:ferien|urlaub)',
  // Italian
  'risposta (?:automatica|di assenza)',
  'messaggio automatico',
  '(?:messaggio |avviso |notifica )?(?:di )?assenza',
  'fuori (?:ufficio|sede)',
  `assente${ALONE}`,
  `in ferie${ALONE}`,
  'chiusura (?:estiva|natalizia|invernale|per ferie|uffici)',
  // Spanish
  '(?:respuesta|contestacion) automatica',
  'mensaje automatico',
  '(?:estoy )?fuera de (?:la )?oficina',
  `ausente${ALONE}`,
  `ausencia${ALONE}`,
  'aviso de ausencia',
  `(?:estoy )?de vacaciones${ALONE}`,
  // Dutch
  'automatisch(?:e)? (?:antwoord|bericht|reactie|e-?mail)',
  'afwezig',
  'niet (?:op|in het|aanwezig op) kantoor',
  '(?:ik ben )?(?:met|op) vakantie',
  'buiten kantoor',
  // Portuguese
  'resposta automatica',
  'mensagem automatica',
  '(?:estou )?fora d[oe] escritorio',
  `(?:em|de) ferias${ALONE}`,
  'aviso de (?:ausencia|ferias)',
  // Polish
  'odpowiedz automatyczna',
  'automatyczna odpowiedz',
  'wiadomosc automatyczna',
  'autoodpowiedz',
  'nieobecn',
  'poza biurem',
  '(?:jestem |przebywam )?na urlopie',
  `urlop${ALONE}`,
  // The other languages of the Union
  'auto(?:matisk)?t? ?svar',
  'automatiskt svar',
  'franvaro',
  'fravaer',
  'ikke til stede',
  'ej pa kontoret',
  'automaattinen vastaus',
  'poissa(?:olo)?',
  'automaticka odpoved',
  'nepritomnost',
  'mimo kancelar',
  'automatikus valasz',
  'hazon kivul',
  'raspuns automat',
  'absenta din birou',
  'samodejni odgovor',
  'automatski odgovor',
  'automaatvastus',
  'automatiska atbilde',
  'automatinis atsakymas',
  'автоматичен отговор',
  'αυτοματη απαντηση',
  'freagra uathoibrioch',
]);

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

/** Subjects of read receipts of programs that send them as plain text. */
export const READ_SUBJECT =
  /^(?:lue?|non lue?|read|not read|gelesen|(?:nicht|un) ?gelesen|letto|non letto|leido|no leido|lida|nao lida|gelezen|(?:niet|on)gelezen|niet gelezen|przeczytan[eao]|nie ?przeczytan[eao]|return receipt|accuse de lecture|lesebestatigung|conferma di lettura|confirmacion de lectura|leesbevestiging|recibo de leitura|potwierdzenie przeczytania)(?: ?:| ?$| \(|[^:]*-)/u;

/** What absence notes say of now, in the first lines; a person who was away says it in the past. */
export const ABSENCE_TEXT = new RegExp(
  anyOf([
    'je (?:suis|serai) (?:actuellement |presentement |momentanement |en ce moment |donc )?(?:absent|en conge|en vacances|en deplacement|en formation|en arret|hors du bureau|indisponible|injoignable)',
    '(?:absente?|absent\\(e\\)) du bureau',
    '(?:en|pendant|durant) mon absence',
    '(?:bureaux?|societe|entreprise|etablissement|agence|cabinet|atelier|magasin)[^.]{0,30} (?:est|sont|sera|seront) (?:actuellement |exceptionnellement )?ferme',
    'nous (?:sommes|serons) (?:actuellement )?(?:fermes|en conge|absents)',
    '(?:ceci est|il s.agit d.)[^.]{0,5}une? (?:message|reponse|courriel|mail)[^.]{0,12} automatique',
    '(?:message|reponse|courriel|e-?mail) (?:genere |envoye |cree )?automatique(?:ment)?',
    'ne (?:pas|repondez pas) ?(?:repondre)? a ce (?:message|courriel|mail|e-?mail)',
    'i(?: am|.m|.ll be| will be) (?:currently |now )?(?:out of (?:the )?office|away|on (?:\\w+ )?(?:leave|vacation|holiday)|travell?ing|unavailable)',
    '(?:our )?offices? (?:is|are|will be) (?:currently )?closed',
    '(?:this is an? )?(?:automated|automatic|auto-?generated) (?:reply|response|message|e-?mail)',
    'do not reply to this (?:message|e-?mail)',
    'ich bin (?:derzeit |zur ?zeit |momentan |(?:bis|ab|vom) [^!?]{1,40} |aktuell )?(?:nicht (?:im|am) (?:buro|haus|arbeitsplatz)|abwesend|im urlaub|auf (?:dienst)?reise|nicht erreichbar|ausser haus)',
    'bin ich (?:wieder )?(?:nicht (?:im|am) (?:buro|haus|arbeitsplatz)|abwesend|im urlaub|nicht erreichbar|ausser haus)',
    '(?:unser )?(?:buro|betrieb|unternehmen|geschaft)[^.]{0,30} (?:ist|bleibt) [^.]{0,40}geschlossen',
    '(?:dies ist eine )?automatisch (?:generierte|erstellte|erzeugte|versendete)',
    'wahrend meiner abwesenheit',
    '(?:sono|saro) (?:attualmente |al momento )?(?:assente|fuori (?:ufficio|sede)|in ferie|in viaggio)',
    '(?:gli |i nostri )?uffici (?:sono|saranno|restano|resteranno) chiusi',
    'durante la mia assenza',
    '(?:messaggio|risposta|e-?mail) (?:generat[oa] )?automatic',
    '(?:estoy|estare|me encuentro|me encontrare) (?:actualmente )?(?:fuera de|ausente|de vacaciones|de viaje|de baja)',
    '(?:nuestra )?oficina[^.]{0,20} (?:esta|estara|permanecera) cerrada',
    'durante mi ausencia',
    '(?:mensaje|respuesta|correo) (?:generad[oa] )?automatic',
    'ik ben (?:momenteel |op dit moment |(?:tot|van|t/m) [^!?]{1,40} )?(?:afwezig|niet (?:aanwezig|op kantoor|bereikbaar)|(?:met|op) vakantie|met verlof|buiten kantoor)',
    'ben ik (?:afwezig|niet (?:aanwezig|op kantoor|bereikbaar)|(?:met|op) vakantie|met verlof)',
    '(?:ons )?kantoor is [^.]{0,40}gesloten',
    'tijdens mijn afwezigheid',
    '(?:dit is een )?automatisch (?:bericht|antwoord|gegenereerd)',
    '(?:estou|estarei|encontro-me|encontrar-me-ei) (?:atualmente |de momento )?(?:fora d|ausente|de ferias|em ferias|em viagem)',
    '(?:o nosso )?escritorio (?:esta|estara|encontra-se) encerrado|(?:escritorio|empresa)[^.]{0,20} fechad',
    'durante a minha ausencia',
    '(?:mensagem|resposta) (?:gerada )?automatic',
    '(?:jestem|bede|przebywam) (?:obecnie |aktualnie )?(?:nieobecn|na urlopie|poza biurem|na zwolnieniu|w delegacji|w podrozy)',
    'biuro (?:jest|bedzie) [^.]{0,30}(?:nieczynne|zamkniete)',
    'podczas mojej nieobecnosci',
    '(?:wiadomosc|odpowiedz) (?:wygenerowana |zostala wygenerowana )?automatyczn',
  ]),
  'u',
);

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
    'auto-?(?:reply|responder|antwort|mailer)',
    'robot',
  ])})(?:[+.\\-_][^@]*)?(?:@|$)`,
  'u',
);
