import type { Incident, Kind } from './incident.ts';

/** What is to be said of an incident: its title, what is known, and what a person can do about it. */
export interface Notice {
  title: string;
  lines: string[];
  remedies: string[];
}

/** All that one language says: a mail per kind, and what the mails share. */
export type Words = Record<Kind, (incident: Incident) => Notice> & {
  reminder(title: string): string;
  still(openedAt: Date, now: Date): string;
  recovered(title: string): string;
  over(openedAt: Date, now: Date): string;
  whatToDo: string;
  footer: string;
};

/** An instant for people; UTC, as the schedule and the logs have it. */
export function utc(instant: Date | string): string {
  const iso = (typeof instant === 'string' ? new Date(instant) : instant).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** A span of time in its largest two units; days are `d` in English, `j` in French. */
export function span(ms: number, day: 'd' | 'j' = 'd'): string {
  const seconds = Math.round(ms / 1000);
  const units: [string, number][] = [
    [day, Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ];
  const from = units.findIndex(([, count]) => count > 0);
  const shown = units.slice(from, from + 2).filter(([, count]) => count > 0);
  return from < 0 ? '0 s' : shown.map(([unit, count]) => `${count} ${unit}`).join(' ');
}

/** A fact as text; a dash where there is none. */
export function text(value: Incident['facts'][string] | undefined): string {
  if (value === null || value === undefined) return '–';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** A fact as a list. */
export const listOf = (value: Incident['facts'][string] | undefined): string[] =>
  Array.isArray(value) ? value.map(String) : [];
