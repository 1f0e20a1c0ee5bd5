import type { FollowupView } from '../../../../shared/domains/followups/show.ts';
import type { Language } from '../base/language.tsx';

/** A pause without an end is kept as this year. */
const ENDLESS_YEAR = '9999';

/** An amount in its currency; rows of other back ends may lack either. */
export function money({ amount_due, currency }: FollowupView, language: Language): string {
  if (typeof amount_due !== 'number') return '–';
  const plain = new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).format(amount_due);
  if (!currency || !/^[A-Za-z]{3}$/.test(currency)) return plain;
  return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount_due);
}

export const isEndless = (iso: string | null | undefined): boolean => iso?.startsWith(ENDLESS_YEAR) === true;

/** Returns the name of a follow-up's document. */
export const nameOf = ({ source_label, id }: FollowupView): string => source_label || id;
