import type { Template } from '../../../../shared/domains/followups/mail/template.ts';
import type { FollowupType } from '../../../../shared/domains/followups/schedule/schedule.ts';
import type { BillingSettingsView, BuiltInTemplates } from '../../api/followups/views.ts';
import type { Language } from '../base/language.tsx';

const TYPES: readonly FollowupType[] = ['invoice', 'quote'];

/** A template that some level uses. */
export interface UsedTemplate {
  type: FollowupType;
  /** The levels that use it, counted from 1. */
  levels: number[];
  /** As the first of them names it. */
  name: string;
  /** The name without its type. */
  short: string;
  /** The key of the organisation's own text, which is for this type only. */
  ownName: string;
}

/** The templates that the levels of an organisation use, in their order. */
export function usedTemplates({ levels }: BillingSettingsView): UsedTemplate[] {
  return TYPES.flatMap((type) => {
    const used = new Map<string, UsedTemplate>();
    for (const [index, { template }] of levels[type].entries()) {
      const short = template.replace(new RegExp(`^${type}[_-]`), '');
      const fresh = { type, levels: [], name: template, short, ownName: `${type}_${short}` };
      const known = used.get(short) ?? fresh;
      used.set(short, { ...known, levels: [...known.levels, index + 1] });
    }
    return [...used.values()];
  });
}

/** The text of a template that goes out, and whether it is the organisation's own. */
export function textInForce(
  { templates }: BillingSettingsView,
  builtIn: BuiltInTemplates,
  { type, name, short, ownName }: UsedTemplate,
  language: Language,
): { template: Template; own: boolean } {
  const own = templates[ownName]?.[language] ?? templates[name]?.[language];
  const template = own ?? builtIn[type][short]?.[language] ?? { subject: '', text: '' };
  return { template, own: own !== undefined };
}

/** Returns an organisation's own texts with this one changed, or removed if it is null. */
export function withText(
  { templates }: BillingSettingsView,
  { name, ownName }: UsedTemplate,
  language: Language,
  template: Template | null,
): BillingSettingsView['templates'] {
  const changed = (key: string, value: Template | null) => {
    const { [language]: _before, ...others } = templates[key] ?? {};
    const texts = { ...others, ...(value ? { [language]: value } : {}) };
    return Object.keys(texts).length > 0 ? texts : null;
  };
  // A text for invoices and quotes alike would hold again where only the one for this type were taken away.
  const both = template === null && name !== ownName && templates[name]?.[language] !== undefined;
  return { [ownName]: changed(ownName, template), ...(both ? { [name]: changed(name, null) } : {}) };
}

/** Returns the first unknown placeholder of a text, or null. */
export function strangePlaceholder(text: string, placeholders: readonly string[]): string | null {
  const named = [...text.matchAll(/\{\{([^{}]*)\}\}/g)].map(([, name = '']) => name.trim());
  return named.find((name) => !placeholders.includes(name)) ?? null;
}
