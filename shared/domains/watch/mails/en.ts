import type { Incident } from '../incident.ts';
import { listOf, type Notice, span, text, utc, type Words } from '../words.ts';

const instantOf = (value: Incident['facts'][string] | undefined): string =>
  typeof value === 'string' ? utc(value) : '–';
const between = (from: Date, to: Date): string => span(to.getTime() - from.getTime());

/** A round did not begin. */
function missed({ task, facts }: Incident): Notice {
  return {
    title: `${task}: the round of ${instantOf(facts.occurrence)} did not take place`,
    lines: [
      `${task} should have run at ${instantOf(facts.occurrence)} ("${text(facts.schedule)}", ${text(facts.time_zone)}) and had not begun ${span(Number(facts.grace_seconds) * 1000)} later.`,
      facts.last_run
        ? `Its last run: ${instantOf(facts.last_started_at)}, ${text(facts.last_outcome)}.`
        : 'No run of it is known.',
    ],
    remedies: [
      'Is its job there and not paused? ronde scheduler list; ronde scheduler plan shows what differs.',
      'Does it call with the right proof? Refused calls are in the log with the check that failed (401, 403).',
      `Try it by hand: ronde run ${task} --dry-run.`,
      'Is it paused on purpose? Say so under settings/watch, paused; nobody is told then.',
    ],
  };
}

/** A run is still open past its budget. */
function overrun({ task, facts }: Incident): Notice {
  return {
    title: `${task}: a run has not ended in time`,
    lines: [
      `The run ${text(facts.run)} began at ${instantOf(facts.started_at)} and should have ended within ${text(facts.budget_seconds)} s. It was probably killed, or hangs.`,
    ],
    remedies: [
      'Look at the log of the function at that time: out of memory, a crash, a store that did not answer?',
      'Nothing is lost: the next run goes on where this one stopped.',
      'If it happens again: more memory for the function, or a smaller budget_seconds, in infra/scheduler.yaml.',
    ],
  };
}

/** Failures in a row. */
function failing({ task, facts }: Incident): Notice {
  return {
    title: `${task}: ${text(facts.failures)} failures in a row`,
    lines: [
      `${task} has failed at every attempt since ${instantOf(facts.since)}; the last was ${text(facts.last_run)}.`,
      ...(facts.error ? [`Its error: ${text(facts.error)}`] : []),
    ],
    remedies: [
      'ronde doctor looks at both stores, mail, sign-in, the schedule and the secrets, and names what is wrong.',
      `The record task_runs/${text(facts.last_run)} has the counts and reasons.`,
      `Once mended: ronde run ${task}.`,
    ],
  };
}

/** Runs take nearly as long as they may. */
function slow({ task, facts }: Incident): Notice {
  return {
    title: `${task}: its runs take too long`,
    lines: [
      `The last runs took ${text(facts.median_seconds)} s (median); ${text(facts.limit_seconds)} s is the limit that is watched, ${text(facts.budget_seconds)} s the budget.`,
    ],
    remedies: [
      `Lengthen the interval in infra/scheduler.yaml (now "${text(facts.schedule)}"), then ronde scheduler apply.`,
      'Or give the function more memory, which also is more CPU.',
      'The counts and the cost of each run in task_runs tell what has grown.',
    ],
  };
}

/** Mails that may or may not have arrived. */
function unknown_mail({ task, facts }: Incident): Notice {
  const more = facts.at_least ? 'At least ' : '';
  return {
    title: `${task}: ${text(facts.count)} mail(s) may or may not have arrived`,
    lines: [
      `${more}${text(facts.count)} mail(s) went out since ${instantOf(facts.since)} and the mail server gave no answer. They are not sent again by themselves.`,
      ...listOf(facts.mails),
    ],
    remedies: [
      'Ask the recipients, or look for the Message-ID in the mail server’s log.',
      task === 'process-followups'
        ? 'Then settle each in the console, as sent or not sent; not sent, it goes again.'
        : 'If one did not arrive: send it again by hand; ronde alerts check --force for late tickets.',
    ],
  };
}

/** The watchman did not look for a while. */
function asleep({ facts }: Incident): Notice {
  const rounds = listOf(facts.missed);
  return {
    title: `The watchman was asleep from ${instantOf(facts.from)} to ${instantOf(facts.to)}`,
    lines: [
      `Nobody looked for ${between(new Date(text(facts.from)), new Date(text(facts.to)))}. It looks again now; this is the only message about that time.`,
      ...(rounds.length > 0
        ? ['Rounds that did not take place meanwhile:', ...rounds]
        : ['All rounds of the tasks took place meanwhile.']),
    ],
    remedies: ['Is the job watch-runs there, and did it fail? ronde scheduler list; the log of watch-runs.'],
  };
}

/** What operators are told in English. */
export const english: Words = {
  missed,
  overrun,
  failing,
  slow,
  unknown_mail,
  asleep,
  reminder: (title) => `Still: ${title}`,
  still: (openedAt, now) => `This has been so since ${utc(openedAt)}, for ${between(openedAt, now)}.`,
  recovered: (title) => `Over: ${title}`,
  over: (openedAt, now) => `This is over at ${utc(now)}, after ${between(openedAt, now)}.`,
  whatToDo: 'What to do',
  footer:
    'You get this because you are an operator in settings/watch. Each incident is told once, then daily.',
};
