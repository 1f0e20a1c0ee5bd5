import { html, page } from '../../../doors/mail/html.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import type { IncidentEvent } from '../concern.ts';
import type { Incident } from '../incident.ts';
import { formatFact, type Notice, type NoticeWords } from '../words.ts';
import { english } from './en.ts';
import { french } from './fr.ts';

const WORDS: Record<Locale, NoticeWords> = { fr: french, en: english };

/** The subject and both bodies of a mail. */
export interface NoticeMail {
  subject: string;
  text: string;
  html: string;
}

/** Returns the mail to operators about one event of an incident. */
export function noticeMail(incident: Incident, event: IncidentEvent, locale: Locale, now: Date): NoticeMail {
  if (event === 'opened') return openedMail(incident, locale);
  if (event === 'flapping') return flappingMail(incident, locale);
  return event === 'recovered' ? recoveredMail(incident, locale, now) : reminderMail(incident, locale, now);
}

/** Names the problem and its remedies. */
function openedMail(incident: Incident, locale: Locale): NoticeMail {
  const notice = WORDS[locale][incident.kind](incident);
  return layOut(locale, notice.title, notice.lines, notice.remedies);
}

/** Says that the problem comes and goes. */
function flappingMail(incident: Incident, locale: Locale): NoticeMail {
  const words = WORDS[locale];
  const { title, lines, remedies } = words[incident.kind](incident);
  const often = words.comesAndGoes(formatFact(incident.facts.openings));
  return layOut(locale, words.flapping(title), [often, ...lines], remedies);
}

/** Repeats the problem after a day. */
function reminderMail(incident: Incident, locale: Locale, now: Date): NoticeMail {
  const words = WORDS[locale];
  const { title, lines, remedies } = words[incident.kind](incident);
  const since = words.still(incident.openedAt, now);
  return layOut(locale, words.reminder(title), [since, ...lines], remedies);
}

/** Says that the problem is over. */
function recoveredMail(incident: Incident, locale: Locale, now: Date): NoticeMail {
  const words = WORDS[locale];
  const { title, lines }: Notice = words[incident.kind](incident);
  return layOut(locale, words.recovered(title), [words.over(incident.openedAt, now), ...lines], []);
}

function layOut(
  locale: Locale,
  title: string,
  lines: readonly string[],
  remedies: readonly string[],
): NoticeMail {
  const { whatToDo, footer } = WORDS[locale];
  const steps = remedies.map((remedy) => `- ${remedy}`);
  const text = [...lines, ...(steps.length > 0 ? ['', whatToDo, ...steps] : []), '', footer, ''].join('\n');
  const content = html`${lines.map((line) => html`<p>${line}</p>`)}${
    remedies.length > 0
      ? html`<p><b>${whatToDo}</b></p><ul>${remedies.map((remedy) => html`<li>${remedy}</li>`)}</ul>`
      : html``
  }`;
  return { subject: `[Ronde] ${title}`, text, html: page(locale, title, content, html`${footer}`) };
}
