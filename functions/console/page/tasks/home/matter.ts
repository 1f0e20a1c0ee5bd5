import type { IncidentView } from '../../../../../shared/domains/watch/incident.ts';
import type { Language } from '../../base/language.tsx';
import type { HomeTexts } from './texts/en.ts';

/** One matter that waits for a person: what is wrong, since when, the way to it, and what to do. */
export interface Matter {
  id: string;
  color: 'red' | 'orange';
  title: string;
  /** The very thing. */
  href: string;
  facts: readonly string[];
  /** The first of several things, each with its own way. */
  links: readonly { href: string; label: string }[];
  remedy: string;
  incident: IncidentView | null;
}

/** The words that matters are made of. */
export interface MatterWords {
  language: Language;
  texts: HomeTexts;
  tasks: Record<string, string>;
  outcomes: Record<string, string>;
}
