import * as z from 'zod';

/** The values that a template may name. */
export const PLACEHOLDERS = [
  'customer_name',
  'label',
  'amount',
  'due_date',
  'sent_date',
  'days_late',
  'organisation',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];
export type Values = Readonly<Record<Placeholder, string>>;

/** A subject and a text without markup: the mail's HTML is made from the text. */
export interface Template {
  subject: string;
  text: string;
}

/** The form of a template's name in `levels` and `templates`. */
export const TEMPLATE_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

const TAG = /\{\{([^{}]*)\}\}/g;
/** A refusal names this much of a placeholder. */
const MAX_QUOTED = 80;
/** A value from another back end is cut here, since a template may name it many times. */
const MAX_VALUE = 1_000;

/** A template that cannot be filled in. The message names the faulty placeholder. */
export class TemplateError extends Error {}

/** Returns the fault of a template's text, or null. */
function templateFault(text: string): string | null {
  for (const [, inner = ''] of text.matchAll(TAG))
    if (!(PLACEHOLDERS as readonly string[]).includes(inner.trim()))
      return `names {{${inner.trim().slice(0, MAX_QUOTED)}}}; legal are ${PLACEHOLDERS.map((one) => `{{${one}}}`).join(', ')}`;
  return /\{\{|\}\}/.test(text.replace(TAG, '')) ? 'has a {{ or }} that belongs to no placeholder' : null;
}

/** The schema of a template's text of at most `max` characters. */
export function templateText(max: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, { error: `must have at most ${max} characters`, abort: true })
    .superRefine((text, context) => {
      const fault = templateFault(text);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    });
}

/**
 * Replaces each placeholder by its value, once: a value that looks like a placeholder stays. Throws TemplateError if the
 * text has a fault.
 */
export function fillTemplate(text: string, values: Values): string {
  const fault = templateFault(text);
  if (fault !== null) throw new TemplateError(`The template ${fault}.`);
  return text.replace(TAG, (_tag, name: string) => values[name.trim() as Placeholder].slice(0, MAX_VALUE));
}
