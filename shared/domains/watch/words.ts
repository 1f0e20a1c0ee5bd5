import type { Incident, IncidentKind } from './incident.ts';

/** The text about an incident: its title, its facts, and the remedies. */
export interface Notice {
  title: string;
  lines: string[];
  remedies: string[];
}

/** The words of one language: a notice per kind, and the parts that all mails share. */
export type NoticeWords = Record<IncidentKind, (incident: Incident) => Notice> & {
  reminder(title: string): string;
  flapping(title: string): string;
  /** How often it opened within a day, and what follows. */
  comesAndGoes(openings: string): string;
  still(openedAt: Date, now: Date): string;
  recovered(title: string): string;
  over(openedAt: Date, now: Date): string;
  whatToDo: string;
  footer: string;
};

/** Formats an instant for people, in UTC as in the schedule and the logs. */
export function utc(instant: Date | string): string {
  const iso = (typeof instant === 'string' ? new Date(instant) : instant).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Formats a span of time in its two largest units. Days are `d` in English, `j` in French. */
export function formatSpan(ms: number, day: 'd' | 'j' = 'd'): string {
  const seconds = Math.round(ms / 1000);
  const units: [string, number][] = [
    [day, Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ];
  const from = units.findIndex(([, count]) => count > 0);
  const largest = units.slice(from, from + 2).filter(([, count]) => count > 0);
  return from < 0 ? '0 s' : largest.map(([unit, count]) => `${count} ${unit}`).join(' ');
}

/** Formats a fact as text, or as a dash if it is absent. */
export function formatFact(value: Incident['facts'][string] | undefined): string {
  if (value === null || value === undefined) return '–';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Returns a fact as a list. */
export const listOf = (value: Incident['facts'][string] | undefined): string[] =>
  Array.isArray(value) ? value.map(String) : [];
