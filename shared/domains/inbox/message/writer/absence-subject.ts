const begins = (words: readonly string[]) => new RegExp(`^(?:${words.join('|')})`, 'u');

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
  `(?:en )?arret (?:maladie|de travail)${ALONE}`,
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
  'not in (?:the )?office',
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
  'uffici?o? chius[oi]',
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
  '(?:ik ben )?afwezig',
  `vakantie${ALONE}`,
  'niet (?:op|in het|aanwezig op) kantoor',
  '(?:ik ben )?(?:met|op) vakantie',
  'buiten kantoor',
  // Portuguese
  'resposta automatica',
  'mensagem automatica',
  '(?:estou )?fora d[oe] escritorio',
  `(?:(?:em|de) )?ferias${ALONE}`,
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

/** Words of what a customer misses or speaks of: beside one, a subject of absence is in doubt. */
export const BUSINESS =
  /\b(?:facture|factures|paiement|reglement|virement|devis|commande|colis|livraison|reponse|invoice|payment|order|delivery|quote|rechnung|zahlung|angebot|lieferung|antwort|factura|pago|pedido|respuesta|presupuesto|fattura|pagamento|ordine|risposta|preventivo|factuur|betaling|bestelling|offerte|antwoord|fatura|encomenda|resposta|orcamento|faktura|faktury|platnosc|platnosci|zamowienie|odpowiedzi|oferty)\b/u;

/** Phrases that only machines write, also before the subject of the mail that they answer. */
export const AUTOMATIC =
  /automat|auto ?:|autorep|autorespon|out of (?:the )?office|\booo\b|abwesenheits|(?:re|aw|tr|sv|odp) ?:|(?:est|sera) absent|is (?:currently )?(?:out|away)|ist (?:derzeit |zur ?zeit )?(?:abwesend|im urlaub|nicht)/u;
