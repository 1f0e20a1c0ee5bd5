import type { Locale } from '../../../doors/mail/message.ts';

/**
 * The note that French businesses expect below a reminder (Code de commerce, L441-10 II and D441-5). It claims penalties
 * from the day after the due date and a fixed sum of 40 EUR; consumers owe neither.
 */
export const BUSINESS_NOTES: Readonly<Record<Locale, string>> = {
  fr: 'Entre professionnels, tout retard de paiement entraîne de plein droit, dès le jour suivant l’échéance, des pénalités de retard ainsi qu’une indemnité forfaitaire de 40 € pour frais de recouvrement (articles L441-10 et D441-5 du Code de commerce).',
  en: 'Between businesses, late payment entails by law, from the day after the due date and without any reminder, late payment penalties and a fixed sum of EUR 40 for recovery costs (articles L441-10 and D441-5 of the French Code de commerce).',
};
