import * as z from 'zod';

/** What a template may name; each is a text made beforehand. */
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

/** A subject and a text. The mail's HTML is made from the text, so nobody writes markup. */
export interface Template {
  subject: string;
  text: string;
}

/** The names of templates: what stands in `levels` and in `templates`. */
export const TEMPLATE_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

const TAG = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** A template that cannot be filled in; its message says what is wrong where. */
export class TemplateError extends Error {}

/** What is wrong with a template's text; null when nothing is. */
function templateFault(text: string): string | null {
  for (const [, name = ''] of text.matchAll(TAG))
    if (!(PLACEHOLDERS as readonly string[]).includes(name))
      return `names {{${name}}}; legal are ${PLACEHOLDERS.map((one) => `{{${one}}}`).join(', ')}`;
  return /\{\{|\}\}/.test(text.replace(TAG, '')) ? 'has a {{ or }} that belongs to no placeholder' : null;
}

/** The text of a template as it may be saved, of at most `max` characters. */
export function templateText(max: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .superRefine((text, context) => {
      const fault = templateFault(text);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    });
}

/**
 * Puts the values in, once: a value that looks like a placeholder stays as it is. There is nothing else in this language,
 * no condition, no loop, no code. Throws TemplateError.
 */
export function fill(text: string, values: Values): string {
  const fault = templateFault(text);
  if (fault !== null) throw new TemplateError(`The template ${fault}.`);
  return text.replace(TAG, (_tag, name: Placeholder) => values[name]);
}
