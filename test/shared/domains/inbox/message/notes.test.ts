import { describe, expect, it } from 'vitest';
import { parseHeaders } from '../../../../../shared/domains/inbox/message/headers.ts';
import { type Writer, writerOf } from '../../../../../shared/domains/inbox/message/writer/writer.ts';

const writer = (text: string, subject = 'Re: Rappel'): Writer =>
  writerOf({ headers: parseHeaders(''), subject, from: 'client@kunde.example', text, reaction: false });

describe('a text without a mark', () => {
  it.each([
    'Votre message a bien été reçu. Nous vous répondrons sous 48 heures.',
    'Bonjour, nous avons bien reçu votre demande et la traiterons dans les meilleurs délais.',
    'Thanks for contacting us! We have received your request and will reply within 24 hours.',
    'Ihre Nachricht ist bei uns eingegangen. Wir melden uns.',
    'Abbiamo ricevuto la sua richiesta e risponderemo entro 48 ore.',
    'Hemos recibido su mensaje y le responderemos en breve.',
    'Wij hebben uw bericht ontvangen en reageren binnen 2 werkdagen.',
    'Recebemos o seu e-mail e responderemos em breve.',
    'Otrzymaliśmy Państwa zgłoszenie, odpowiemy w ciągu 24 godzin.',
  ])('is doubtful if it confirms a message and promises an answer: %s', (text) => {
    expect(writer(text)).toBe('doubtful');
  });

  it.each([
    'Je ne travaille plus chez Kunde SA. Merci d’adresser vos messages à compta@kunde.example.',
    'Cette adresse n’est plus utilisée. Merci d’écrire à compta@kunde.example.',
    'Thank you for your message. I no longer work at Kunde. Please contact accounts@kunde.example.',
    'This mailbox is not monitored.',
    'Ich bin nicht mehr bei der Kunde GmbH tätig.',
    'Non lavoro più in Kunde.',
    'Ya no trabajo en Kunde.',
    'Ik ben niet meer werkzaam bij Kunde.',
    'Já não trabalho na Kunde.',
    'Już nie pracuję w Kunde.',
  ])('is doubtful if nobody reads the mailbox any more: %s', (text) => {
    expect(writer(text)).toBe('doubtful');
  });

  it.each([
    'Absent jusqu’au 5 janvier, en cas d’urgence appelez le 01 02 03 04 05.',
    'Actuellement en congé maternité, je ne consulte pas mes mails.',
    'Je ne suis pas au bureau cette semaine.',
    'Guten Tag,\n\nvielen Dank für Ihre E-Mail. Ich bin ab dem 3.1. wieder erreichbar.',
    'Ich befinde mich derzeit im Urlaub.',
    'Ich bin in Elternzeit.',
    'Unser Büro ist vom 24.12. bis 2.1. geschlossen.',
    'Non sono in ufficio fino a lunedì.',
    'Sono in maternità.',
    'Gracias por su correo. No estaré en la oficina hasta el lunes.',
    'Não estou no escritório esta semana.',
    'Jag är på semester till den 5 januari.',
    'Jeg er på ferie.',
    'Olen lomalla 5.1. asti.',
    'Momentálně jsem mimo kancelář.',
    'Szabadságon vagyok január 5-ig.',
    'Sunt în concediu până pe 5 ianuarie.',
    'Λείπω από το γραφείο μέχρι τις 5 Ιανουαρίου.',
    'Trenutno sam na godišnjem odmoru.',
  ])('is doubtful if it speaks of an absence: %s', (text) => {
    expect(writer(text)).toBe('doubtful');
  });

  it.each([
    'Bonjour, j’ai bien reçu votre message, le paiement part demain.',
    'Bonjour, nous avons bien reçu votre relance et procédons au règlement cette semaine.',
    'Merci pour votre message. La facture a été réglée le 3 janvier par virement.',
    'Notre comptable est en congés, je vois avec elle lundi.',
    'La personne qui gère est absente, je vous paie.',
    'Nous ne travaillons plus avec votre société, merci d’arrêter.',
    'Ce devis n’est plus valide.',
    'Le compte n’est plus approvisionné, je paie lundi.',
    'Thanks for your message - I will pay today.',
    'We have received your invoice and will pay it within 30 days.',
    'Vielen Dank für Ihre E-Mail. Die Rechnung wurde am 3.1. bezahlt.',
    'Grazie per il messaggio, la fattura è stata pagata ieri.',
    'Non abbiamo ricevuto la fattura, può inviarla di nuovo?',
    'Gracias por su correo. La factura ya está pagada.',
    'Bedankt voor uw mail, de betaling is gisteren gedaan.',
    'Obrigado pela mensagem, já paguei ontem.',
    'Dziękuję za wiadomość, faktura została opłacona wczoraj.',
    'Payé hier.\n\nDe : Ronde\nEnvoyé : lundi\nObjet : Rappel\n\nCeci est un message automatique.',
    'Payé.\n\nLe lun. 4 janv. 2027 à 10:00, Ronde <b@ronde.test> a écrit :\nCeci est un message automatique.',
    'Paid.\n\nOn Mon, Jan 4, 2027 at 10:00 AM Ronde wrote:\nThis is an automated message.',
    'Bezahlt.\n\nAm 04.01.2027 um 10:00 schrieb Ronde:\nDies ist eine automatisch erstellte Nachricht.',
  ])('is a person’s: %s', (text) => {
    expect(writer(text)).toBe('person');
  });

  it.each<[string, Writer]>([
    ['[Absence] Rappel', 'machine'],
    ['[Auto-Reply] Reminder', 'machine'],
    ['[EXTERNAL] Automatic reply: Reminder', 'machine'],
    ['Re: [Extern] Abwesenheitsnotiz: Mahnung', 'machine'],
    ['Arrêt maladie Re: Rappel', 'machine'],
    ['Not in the office', 'machine'],
    ['Ufficio chiuso', 'machine'],
    ['Ik ben afwezig', 'machine'],
    ['Vakantie', 'machine'],
    ['Férias', 'machine'],
    ['Re: [EXT] Facture', 'person'],
    ['[Ticket#12] Re: Rappel', 'person'],
    ['Re: Vacances scolaires facture F-1', 'person'],
    ['Automobile Dupont : facture', 'person'],
  ])('below the subject %s is of a %s', (subject, wanted) => {
    expect(writer('Bonjour', subject)).toBe(wanted);
  });
});
