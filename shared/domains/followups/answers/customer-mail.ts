import type { Firestore } from '@google-cloud/firestore';
import { isSesId } from '../../../doors/mail/provider-id.ts';
import { type Followup, followups, toFollowup } from '../followup.ts';

/** Firestore takes at most this many values at once. */
const MAX_IN = 30;
/** A customer with more open follow-ups is no one's single correspondent. */
const MAX_FOUND = 200;
/** A shorter number stands in too many texts. */
const MIN_LABEL = 4;
const ANSWERS = /^\s*(?:re|aw|antw|sv|odp|res|rv|r|rif)(?:\[\d{1,3}\])?\s*:/i;
/** Words of the reminders' subjects. */
const OUR_SUBJECT =
  /rappel|relance|facture|devis|[ée]ch[ée]ance|impay|paiement|reminder|invoice|quote|overdue|payment/i;

/** A mail of a customer that names no mail of ours. */
export interface CustomerMail {
  subject: string;
  /** The beginning of its text. */
  snippet: string;
  /** The Message-IDs that it answers. */
  references: readonly string[];
}

/** The follow-ups that a customer's mail is about, and whether it surely answers a reminder. */
export interface CustomerMatch {
  followupIds: string[];
  isAnswer: boolean;
}

/** Reads the open follow-ups that have mailed these customers, by address. Costs a read per follow-up, at least one. */
export async function mailedCustomers(
  store: Firestore,
  orgId: string,
  addresses: readonly string[],
): Promise<Map<string, Followup[]>> {
  const found: Followup[] = [];
  for (let from = 0; from < addresses.length; from += MAX_IN) {
    const { docs } = await followups(store)
      .where('org_id', '==', orgId)
      .where('status', '==', 'open')
      .where('customer.email', 'in', addresses.slice(from, from + MAX_IN))
      .limit(MAX_FOUND)
      .get();
    found.push(...docs.map(toFollowup).filter(({ level }) => level > 0));
  }
  return Map.groupBy(found, ({ customer }) => customer.email?.toLowerCase() ?? '');
}

/**
 * Finds the follow-ups that a customer's mail is about; pure. Amazon SES replaces our Message-ID: an answer to its id, on
 * our subject, from a customer with one open follow-up is an answer to that. Everything else is for a person to decide.
 */
export function matchCustomerMail(mail: CustomerMail, mailed: readonly Followup[]): CustomerMatch | null {
  const named = mailed.filter(({ label }) => isNamed(label, mail));
  const answersSes = mail.references.some(isSesId) && ANSWERS.test(mail.subject);
  const isOurs = named.length > 0 || OUR_SUBJECT.test(mail.subject);
  const about = named.length > 0 ? named : answersSes && isOurs ? mailed : [];
  if (about.length === 0) return null;
  const isAnswer = answersSes && (named.length > 0 || mailed.length === 1);
  return { followupIds: about.map(({ id }) => id), isAnswer };
}

/** Returns true if a number such as F-2026-100 stands in the subject or at the beginning of the text. */
function isNamed(label: string, { subject, snippet }: CustomerMail): boolean {
  const wanted = plain(label);
  return (
    wanted.length >= MIN_LABEL &&
    /\d/.test(wanted) &&
    ` ${plain(`${subject} ${snippet}`)} `.includes(` ${wanted} `)
  );
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
