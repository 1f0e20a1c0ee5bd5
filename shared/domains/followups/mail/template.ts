import * as z from 'zod';
import type { Locale } from '../../../doors/mail/message.ts';
import type { FollowupType } from '../schedule/schedule.ts';

/** The values that a template may name, by the type of its document. */
const PLACEHOLDERS_OF = {
  invoice: [
    'customer_name',
    'label',
    'amount',
    'due_date',
    'sent_date',
    'days_late',
    'promised_on',
    'payment_link',
    'document_link',
    'organisation',
  ],
  quote: [
    'customer_name',
    'label',
    'amount',
    'sent_date',
    'valid_until',
    'payment_link',
    'document_link',
    'organisation',
  ],
} as const satisfies Record<FollowupType, readonly string[]>;
export type Placeholder = (typeof PLACEHOLDERS_OF)[FollowupType][number];

/** Every value that a template of any type may name. */
export const PLACEHOLDERS: readonly Placeholder[] = [
  ...new Set<Placeholder>([...PLACEHOLDERS_OF.invoice, ...PLACEHOLDERS_OF.quote]),
];

/** The values of one mail: a text, a number of days, or null for what its document lacks. */
export type Values = Readonly<
  Record<Exclude<Placeholder, 'days_late'>, string | null> & { days_late: { text: string; count: number } }
>;

/** A subject and a text without markup: the mail's HTML is made from the text. */
export interface Template {
  subject: string;
  text: string;
}

/** Values that few mails have. A paragraph that names one goes without it. */
const OPTIONAL = ['promised_on', 'payment_link', 'document_link'] as const satisfies readonly Placeholder[];

/** The form of a template's name in `levels` and `templates`. */
export const TEMPLATE_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

/** A tag with the space before it, which goes with an empty value. */
const TAG = /( ?)\{\{([^{}]*)\}\}/g;
/** A number of days with its noun, which follows the number. */
const DAYS = /(\{\{ *days_late *\}\}[ \u00a0])(jour|day)s\b/g;

/** A refusal names this much of a placeholder. */
const MAX_QUOTED = 80;
/** A value from another back end is cut here, since a template may name it many times. */
const MAX_VALUE = 1_000;

/** A template that cannot be filled in. The message names the faulty placeholder. */
export class TemplateError extends Error {}

/** Texts without a fault; a simulation fills the same ones a million times. It empties itself at this size. */
const MAX_SOUND = 100;
const sound = new Set<string>();

function isSound(text: string): boolean {
  if (sound.has(text)) return true;
  if (templateFault(text) !== null) return false;
  if (sound.size >= MAX_SOUND) sound.clear();
  sound.add(text);
  return true;
}

/** Returns the fault of a template's text, or null. Without a type it may name what any type has. */
export function templateFault(text: string, type?: FollowupType): string | null {
  const legal: readonly string[] = type ? PLACEHOLDERS_OF[type] : PLACEHOLDERS;
  for (const [, , inner = ''] of text.matchAll(TAG)) {
    const name = inner.trim();
    if (!legal.includes(name)) {
      const isOfOther = (PLACEHOLDERS as readonly string[]).includes(name);
      return `names {{${name.slice(0, MAX_QUOTED)}}}${isOfOther ? `, which no ${type} has` : ''}; legal are ${legal.map((one) => `{{${one}}}`).join(', ')}`;
    }
  }
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
 * Replaces each placeholder by its value, once: a value that looks like a placeholder stays. The noun after a number of
 * days follows it. A paragraph that names an absent optional value is left out. Throws TemplateError if the text has a fault or names a value that the document lacks.
 */
export function fillTemplate(text: string, values: Values, locale: Locale): string {
  if (!isSound(text)) throw new TemplateError(`The template ${templateFault(text)}.`);
  const { count } = values.days_late;
  // French counts zero as one.
  const isOne = count === 1 || (count === 0 && locale === 'fr');
  const agreeing = isOne ? text.replace(DAYS, '$1$2') : text;
  return withoutAbsent(agreeing, values).replace(TAG, (_tag, space: string, inner: string) => {
    const name = inner.trim() as Placeholder;
    const value = name === 'days_late' ? values.days_late.text : values[name];
    if (value === null && isOptional(name)) return '';
    if (value === null)
      throw new TemplateError(
        `The template names {{${name}}}, which this document lacks; give it, or take the placeholder out.`,
      );
    return value === '' ? '' : space + value.slice(0, MAX_VALUE);
  });
}

const isOptional = (name: string): name is (typeof OPTIONAL)[number] => OPTIONAL.some((one) => one === name);

/** Leaves out the paragraphs that name an optional value which this mail lacks. */
function withoutAbsent(text: string, values: Values): string {
  const absent = OPTIONAL.filter((name) => values[name] === null);
  const paragraphs = text.split('\n\n');
  if (absent.length === 0 || paragraphs.length === 1) return text;
  const names = (paragraph: string) => [...paragraph.matchAll(TAG)].map(([, , inner = '']) => inner.trim());
  return paragraphs
    .filter((paragraph) => !names(paragraph).some((name) => absent.some((one) => one === name)))
    .join('\n\n');
}
