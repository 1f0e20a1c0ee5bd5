import type { FollowupType } from '../schedule/schedule.ts';
import type { Settings } from '../settings.ts';
import { templateFault } from './template.ts';
import { BUILT_IN, builtInTemplate, ownNames } from './templates.ts';

const TYPES: readonly FollowupType[] = ['invoice', 'quote'];

/**
 * Returns the faults of levels and their texts: a name without a text, and a placeholder that the type of document lacks.
 * Each names the field, its value and what is legal.
 */
export function templateFaults(settings: Settings): string[] {
  return TYPES.flatMap((type) => [
    ...settings.rules.levels[type].flatMap(({ template }, index) =>
      unknownName(settings, type, template, index),
    ),
    ...placeholderFaults(settings, type),
  ]);
}

function unknownName({ templates }: Settings, type: FollowupType, name: string, index: number): string[] {
  if (builtInTemplate(type, name, 'fr') || ownNames(type, name).some((own) => templates[own])) return [];
  const known = [...new Set([...Object.keys(BUILT_IN[type]), ...Object.keys(templates)])].sort();
  return [
    `levels.${type}.${index}.template: there is no text ${JSON.stringify(name)} for a ${type}; name one of ${known.join(', ')}, or add it to templates.`,
  ];
}

/** Checks the own texts that this type uses: those of its levels, and those that carry its name. */
function placeholderFaults({ templates, rules }: Settings, type: FollowupType): string[] {
  const used = rules.levels[type].flatMap(({ template }) =>
    ownNames(type, template)
      .filter((own) => templates[own])
      .slice(0, 1),
  );
  const named = Object.keys(templates).filter((name) => name.startsWith(`${type}_`));
  return [...new Set([...used, ...named])].flatMap((name) =>
    Object.entries(templates[name] ?? {}).flatMap(([locale, text]) =>
      Object.entries(text ?? {}).flatMap(([part, words]) => {
        const fault = templateFault(String(words), type);
        return fault === null ? [] : [`templates.${name}.${locale}.${part}: ${fault}.`];
      }),
    ),
  );
}
