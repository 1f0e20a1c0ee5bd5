const anyOf = (words: readonly string[]) => new RegExp(words.join('|'), 'u');

/** A mail that has come, as acknowledgements say it: a message or a request, never the reminder itself. */
export const RECEIVED_TEXT = anyOf([
  '(?:avons|ai) bien recu (?:votre|ton) (?:demande|message|e-?mail|mail|courriel|requete)',
  'votre (?:demande|message|e-?mail|mail|courriel|requete|ticket)[^.!?]{0,40} (?:a (?:bien )?ete|est bien) (?:recu|pris|enregistr|cree|transmis|arrive)',
  '(?:merci|nous vous remercions) (?:de|pour) (?:nous avoir contacte|votre (?:message|e-?mail|mail|courriel|demande))',
  "we(?:'ve| have)? received your (?:request|message|e-?mail|inquiry|enquiry|query)",
  'your (?:request|message|e-?mail|inquiry|enquiry|ticket|case)[^.!?]{0,40} (?:has been|was|is) (?:received|created|opened|registered|logged|assigned)',
  'thank(?:s| you) for (?:contacting|getting in touch|reaching out|your (?:message|e-?mail|request|inquiry|enquiry))',
  '(?:ihre|deine) (?:anfrage|nachricht|e-?mail|mail)[^.!?]{0,40} (?:eingegangen|erhalten|empfangen|erfasst|registriert)',
  '(?:vielen|herzlichen) dank fur (?:ihre|deine) (?:anfrage|nachricht|e-?mail|mail|kontaktaufnahme)',
  'abbiamo ricevuto (?:la|il) (?:sua|tua|vostra|suo|tuo|vostro) (?:richiesta|messaggio|e-?mail|mail)',
  'grazie per (?:averci contattat|il (?:suo|tuo|vostro) messaggio|la (?:sua|tua|vostra) (?:richiesta|e-?mail|mail))',
  'hemos recibido (?:su|tu|vuestr[ao]) (?:mensaje|solicitud|correo|consulta|e-?mail)',
  'gracias por (?:contactar|ponerse en contacto|su (?:mensaje|correo|solicitud|consulta))',
  '(?:hebben|heb) (?:uw|je) (?:bericht|vraag|e-?mail|mail|aanvraag|verzoek)[^.!?]{0,20} ontvangen',
  'uw (?:bericht|vraag|e-?mail|mail|aanvraag|verzoek)[^.!?]{0,40} (?:is|hebben wij) (?:goed )?(?:ontvangen|geregistreerd|aangemaakt)',
  '(?:dank|bedankt) voor uw (?:bericht|vraag|e-?mail|mail|aanvraag)',
  'recebemos (?:o|a) (?:seu|sua) (?:mensagem|e-?mail|pedido|solicitacao|contacto|contato)',
  'obrigad[oa] pel[oa] (?:seu|sua) (?:mensagem|e-?mail|contacto|contato|pedido)',
  'otrzymalismy (?:panstwa|twoj[ae]?|twoje|pani|pana) (?:zgloszenie|wiadomosc|e-?mail|mail|zapytanie)',
  '(?:dziekujemy|dziekuje) za (?:wiadomosc|zgloszenie|kontakt|e-?mail|przeslanie)',
]);

/** A promise of a later answer, which an acknowledgement gives. */
export const PROMISE_TEXT = anyOf([
  '(?:repondr|recontacter|reviendr|traitera|traiteron|traitee?s?|prendr)[^.!?]{0,60}(?:delais|possible|heures|jours|\\bh\\b|contact)|sous \\d{1,3} ?(?:h\\b|heures|jours)|vous repondr',
  "(?:will|shall|'ll|aim to) (?:reply|respond|get back|be in touch|answer|contact|review)|within \\d{1,3} (?:\\w+ )?(?:hours|days)",
  'melden uns|(?:werden|bearbeiten|beantworten|antworten)[^.!?]{0,60}(?:schnellstmoglich|so schnell wie moglich|in kurze|innerhalb|umgehend)|innerhalb von \\d',
  'rispondere(?:mo|te)|(?:risponder|ricontatter|contatter)[^.!?]{0,60}(?:possibile|entro|breve)|entro \\d{1,3} (?:ore|giorni)',
  '(?:respond|contactar|atender)[^.!?]{0,60}(?:posible|breve|plazo|horas|dias)|le (?:responderemos|contestaremos)',
  '(?:reageren|beantwoorden|antwoorden|nemen)[^.!?]{0,60}(?:mogelijk|binnen|contact|spoedig)|binnen \\d{1,3} (?:\\w+ )?(?:uur|dagen|werkdagen)',
  '(?:responderemos|entraremos em contac?to|daremos resposta)|(?:responder|contact)[^.!?]{0,60}(?:possivel|breve|horas)',
  '(?:odpowiemy|odpowiedzi udzielimy|skontaktujemy|odezwiemy)|(?:odpowie|kontakt)[^.!?]{0,60}(?:najszybciej|wkrotce|w ciagu)',
]);

/** Texts of mailboxes that nobody reads any more. */
export const LEFT_TEXT = anyOf([
  "je ne (?:travaille|fais|suis) plus (?:chez|dans|partie|salarie|employe|en poste)|j'ai quitte (?:la societe|l'entreprise|mes fonctions|mon poste)|(?:a|ont) quitte (?:la societe|l'entreprise|notre (?:societe|entreprise|equipe)|ses fonctions)",
  "(?:adresse|boite|messagerie|compte)[^.!?]{0,40} (?:n'est (?:plus|pas) (?:utilise|en service|valide|acti|releve|consulte|lu|surveille)|est desactive|ne sera plus)",
  '(?:i|who|he|she) (?:am |is )?no longer (?:work|with|employed|at|part of)|(?:have|has) left (?:the (?:company|organi[sz]ation|business)|our company)',
  '(?:mailbox|inbox|address|account)[^.!?]{0,40} (?:is (?:no longer|not)(?: being)? (?:in use|used|monitored|active|valid|checked)|is unmonitored)',
  'nicht mehr (?:bei|fur|in) [^.!?]{1,40} (?:tatig|beschaftigt)|(?:adresse|postfach)[^.!?]{0,40} (?:nicht mehr|wird nicht|ist nicht)|habe? (?:das|unser) unternehmen verlassen|hat (?:das|unser) unternehmen verlassen',
  "non lavor[oa] piu (?:in|per|con|presso)|(?:indirizzo|casella)[^.!?]{0,40} non (?:e|viene) (?:piu|presidiat|letta|monitorat)|ha lasciato l'azienda",
  'ya no trabaj[oa] (?:en|con|para)|(?:direccion|cuenta|buzon)[^.!?]{0,40} (?:ya no|no) (?:esta|se)',
  'niet (?:meer|langer) (?:werkzaam|in dienst)|(?:adres|mailbox|postbus)[^.!?]{0,40} (?:niet (?:meer|langer)|wordt niet)',
  '(?:ja )?nao trabalh[oa](?: mais)? (?:na|no|em|para)|(?:endereco|caixa|conta)[^.!?]{0,40} (?:ja )?nao (?:e|esta)',
  '(?:juz )?nie pracuj[ea](?: juz)? (?:w|dla)|(?:adres|skrzynka)[^.!?]{0,40} nie jest',
]);

/**
 * Returns true for words, small and without accents, of an acknowledgement that promises an answer, or of a mailbox that
 * nobody reads any more. A person may write the same; a person then decides.
 */
export const isMachineText = (words: string): boolean =>
  LEFT_TEXT.test(words) || (RECEIVED_TEXT.test(words) && PROMISE_TEXT.test(words));
