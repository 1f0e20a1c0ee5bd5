import type { Incident } from '../incident.ts';
import { formatFact, formatSpan, listOf, type Notice, type NoticeWords, utc } from '../words.ts';

const instantOf = (value: Incident['facts'][string] | undefined): string =>
  typeof value === 'string' ? utc(value) : '–';
const between = (from: Date, to: Date): string => formatSpan(to.getTime() - from.getTime());

/** No run began for an occurrence. */
function missed({ task, facts }: Incident): Notice {
  return {
    title: `${task}: the run of ${instantOf(facts.occurrence)} did not take place`,
    lines: [
      `${task} should have run at ${instantOf(facts.occurrence)} ("${formatFact(facts.schedule)}", ${formatFact(facts.time_zone)}) and had not begun ${formatSpan(Number(facts.grace_seconds) * 1000)} later.`,
      facts.last_run
        ? `Its last run: ${instantOf(facts.last_started_at)}, ${formatFact(facts.last_outcome)}.`
        : 'No run of it is known.',
    ],
    remedies: [
      'Is its job there and not paused? ronde scheduler list; ronde scheduler plan shows what differs.',
      'Does it call with the right proof? Refused calls are in the log with the check that failed (401, 403).',
      `Try it by hand: ronde run ${task} --dry-run.`,
      'Is it paused on purpose? Add it to settings/watch, paused; then no mail is sent about it.',
    ],
  };
}

/** A run is still open past its budget. */
function overrun({ task, facts }: Incident): Notice {
  return {
    title: `${task}: a run has not ended in time`,
    lines: [
      `The run ${formatFact(facts.run)} began at ${instantOf(facts.started_at)} and should have ended within ${formatFact(facts.budget_seconds)} s. It was probably killed, or hangs.`,
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
    title: `${task}: ${formatFact(facts.failures)} failures in a row`,
    lines: [
      `${task} has failed at every attempt since ${instantOf(facts.since)}; the last was ${formatFact(facts.last_run)}.`,
      ...(facts.error ? [`Its error: ${formatFact(facts.error)}`] : []),
    ],
    remedies: [
      'ronde doctor looks at both stores, mail, sign-in, the schedule and the secrets, and names what is wrong.',
      `The record task_runs/${formatFact(facts.last_run)} has the counts and reasons.`,
      `Once it is corrected: ronde run ${task}.`,
    ],
  };
}

/** Failures that alternate with successes. */
function unsteady({ task, facts }: Incident): Notice {
  return {
    title: `${task}: failures come and go`,
    lines: [
      `${formatFact(facts.failures)} of its last runs have failed, or only a retry healed them, since ${instantOf(facts.since)}; the last was ${formatFact(facts.last_run)}.`,
      ...(facts.error ? [`Its error: ${formatFact(facts.error)}`] : []),
    ],
    remedies: [
      'Compare the failed runs in task_runs: the same error, the same hour, the same number of candidates?',
      'ronde doctor looks at both stores, mail, sign-in, the schedule and the secrets, and names what is wrong.',
    ],
  };
}

/** Runs end well and nothing works. */
function fruitless({ task, facts }: Incident): Notice {
  return {
    title: `${task}: it runs, and nothing works`,
    lines: [
      `Its last ${formatFact(facts.runs)} runs with something to do, since ${instantOf(facts.since)}, did none of it. In the last one ${formatFact(facts.failed)} failed and ${formatFact(facts.waiting)} wait after earlier failures.`,
    ],
    remedies: [
      `The record task_runs/${formatFact(facts.last_run)} has the reasons.`,
      task === 'sync-inbox'
        ? 'Each mailbox shows its last error in the console. If all fail alike, the mail server or the network is down.'
        : 'If all fail for the same reason, the cause is common: the mail account, the settings, a recipient.',
    ],
  };
}

/** The budget ends every run early. */
function cut_short({ task, facts }: Incident): Notice {
  return {
    title: `${task}: no run gets through its work`,
    lines: [
      `Its last ${formatFact(facts.runs)} runs, since ${instantOf(facts.since)}, ended before their work was done, with a budget of ${formatFact(facts.budget_seconds)} s. Nothing is lost, but a backlog may grow.`,
    ],
    remedies: [
      `Run it more often (now "${formatFact(facts.schedule)}"), or give it a larger budget_seconds: in infra/scheduler.yaml, or in the call of your web cron.`,
      'Or give the function more memory, which also is more CPU.',
    ],
  };
}

/** Runs take nearly as long as they may. */
function slow({ task, facts }: Incident): Notice {
  return {
    title: `${task}: its runs take too long`,
    lines: [
      `The last runs took ${formatFact(facts.median_seconds)} s (median); ${formatFact(facts.limit_seconds)} s is the limit that is watched, ${formatFact(facts.budget_seconds)} s the budget.`,
    ],
    remedies: [
      `Lengthen the interval in infra/scheduler.yaml (now "${formatFact(facts.schedule)}"), then ronde scheduler apply.`,
      'Or give the function more memory, which also is more CPU.',
      'The counts and the cost of each run in task_runs show what has grown.',
    ],
  };
}

/** The delivery of mails is uncertain. */
function unknown_mail({ task, facts }: Incident): Notice {
  const more = facts.at_least ? 'At least ' : '';
  return {
    title: `${task}: ${formatFact(facts.count)} mail(s) may or may not have arrived`,
    lines: [
      `${more}${formatFact(facts.count)} mail(s) went out since ${instantOf(facts.since)} and the mail server gave no answer. Ronde does not send them again.`,
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

/** watch-runs did not run for a while. */
function asleep({ facts }: Incident): Notice {
  const missedRuns = listOf(facts.missed);
  return {
    title: `watch-runs was asleep from ${instantOf(facts.from)} to ${instantOf(facts.to)}`,
    lines: [
      `No run was watched for ${between(new Date(formatFact(facts.from)), new Date(formatFact(facts.to)))}. watch-runs runs again now; this is the only message about that time.`,
      ...(missedRuns.length > 0
        ? ['Runs that did not take place in that time:', ...missedRuns]
        : ['All runs of the tasks took place in that time.']),
    ],
    remedies: ['Is the job watch-runs there, and did it fail? ronde scheduler list; the log of watch-runs.'],
  };
}

/** The mails to operators in English. */
export const english: NoticeWords = {
  missed,
  overrun,
  failing,
  unsteady,
  fruitless,
  cut_short,
  slow,
  unknown_mail,
  asleep,
  flapping: (title) => `Comes and goes: ${title}`,
  comesAndGoes: (openings) =>
    `This has begun ${openings} times within a day. From now on it is reported once a day, and at once if it lasts for 30 minutes.`,
  reminder: (title) => `Still: ${title}`,
  still: (openedAt, now) => `This has been so since ${utc(openedAt)}, for ${between(openedAt, now)}.`,
  recovered: (title) => `Over: ${title}`,
  over: (openedAt, now) => `This is over at ${utc(now)}, after ${between(openedAt, now)}.`,
  whatToDo: 'What to do',
  footer:
    'You get this because you are an operator in settings/watch. Each incident is reported once, then daily.',
};
