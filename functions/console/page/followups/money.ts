import type { FollowupView } from '../../../../shared/domains/followups/show.ts';
import { amountText } from '../base/format.ts';
import type { Language } from '../base/language.tsx';

/** A pause without an end is kept as this year. */
const ENDLESS_YEAR = '9999';

/** An amount in its currency; rows of other back ends may lack either. */
export function money({ amount_due, currency }: FollowupView, language: Language): string {
  return typeof amount_due === 'number' ? amountText(amount_due, currency, language) : '–';
}

export const isEndless = (iso: string | null | undefined): boolean => iso?.startsWith(ENDLESS_YEAR) === true;

/** Returns the name of a follow-up's document. */
export const nameOf = ({ source_label, id }: FollowupView): string => source_label || id;
