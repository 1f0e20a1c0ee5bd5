import { html, page } from '../../../doors/mail/html.ts';
import type { Locale } from '../../../doors/mail/message.ts';
import type { Event } from '../concern.ts';
import type { Incident } from '../incident.ts';
import type { Notice, Words } from '../words.ts';
import { english } from './en.ts';
import { french } from './fr.ts';

const WORDS: Record<Locale, Words> = { fr: french, en: english };

/** The subject and both bodies of a mail. */
export interface NoticeMail {
  subject: string;
  text: string;
  html: string;
}

/** The mail that tells operators of one event of an incident, in their language. */
export function noticeMail(incident: Incident, event: Event, locale: Locale, now: Date): NoticeMail {
  if (event === 'opened') return openedMail(incident, locale);
  return event === 'recovered' ? recoveredMail(incident, locale, now) : reminderMail(incident, locale, now);
}

/** Something is wrong: what, and what to do about it. */
function openedMail(incident: Incident, locale: Locale): NoticeMail {
  const notice = WORDS[locale][incident.kind](incident);
  return laidOut(locale, notice.title, notice.lines, notice.remedies);
}

/** It is still wrong after a day. */
function reminderMail(incident: Incident, locale: Locale, now: Date): NoticeMail {
  const words = WORDS[locale];
  const { title, lines, remedies } = words[incident.kind](incident);
  const since = words.still(incident.openedAt, now);
  return laidOut(locale, words.reminder(title), [since, ...lines], remedies);
}

/** It is over. */
function recoveredMail(incident: Incident, locale: Locale, now: Date): NoticeMail {
  const words = WORDS[locale];
  const { title, lines }: Notice = words[incident.kind](incident);
  return laidOut(locale, words.recovered(title), [words.over(incident.openedAt, now), ...lines], []);
}

function laidOut(
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
