import type { Widened } from '../../../base/en.ts';

/** The texts of the home page in English. */
export const en = {
  well: 'Nothing is wrong',
  matters: (count: number) => (count === 1 ? '1 matter needs you' : `${count} matters need you`),
  mattersName: 'Open matters',
  allIncidents: 'All incidents',
  since: (at: string) => `since ${at}`,
  more: (count: number) => `and ${count} more`,
  take: 'I am on it',
  taken: (who: string, at: string) => `${who} is on it since ${at}`,
  lastRun: (at: string, outcome: string) => `Last run: ${at}, ${outcome}.`,
  noRun: 'No run of it is known.',
  missed: {
    title: (task: string, at: string) => `${task}: the run of ${at} did not start`,
    remedy: 'Check that its job exists at Cloud Scheduler and is not paused, then run it now.',
  },
  overrun: {
    title: (task: string) => `${task}: a run is past its time`,
    facts: (at: string, budget: string) => `It started on ${at} and should have ended within ${budget}.`,
    remedy:
      'It was probably killed; the next run continues there. If it recurs, give the function more memory.',
  },
  failing: {
    title: (task: string, count: string) => `${task}: ${count} failures in a row`,
    remedy: 'Open the last run, fix its cause, then run the task now.',
  },
  slow: {
    title: (task: string) => `${task}: runs come close to their deadline`,
    facts: (median: string, budget: string) => `Usually ${median} of ${budget}.`,
    remedy: 'Run it less often or give the function more memory.',
  },
  asleep: {
    title: 'Nobody watched the runs for a while',
    facts: (from: string, to: string) => `From ${from} to ${to}.`,
    remedy: 'Check the job watch-runs at Cloud Scheduler.',
  },
  reminders: {
    title: (count: number) =>
      count === 1 ? '1 reminder: delivery uncertain' : `${count} reminders: delivery uncertain`,
    remedy: 'The mail server’s answer was lost. Look for the mail, then say if it went out.',
  },
  alerts: {
    title: (count: number) =>
      count === 1 ? '1 alert: delivery uncertain' : `${count} alerts: delivery uncertain`,
    remedy: 'Ask the recipient, then say if it arrived.',
  },
  mailbox: {
    title: (name: string) => `${name}: sign-in refused`,
    remedy: 'Enter the mailbox’s password again, or switch the mailbox off.',
  },
  mail: {
    paused: {
      title: 'All mail is paused',
      remedy: 'EMAIL_PAUSED is set: nothing is sent. Remove it and deploy again.',
    },
    not_configured: {
      title: 'No mail server is configured',
      remedy: 'Set EMAIL_HOST and its companions and deploy again; until then nothing is sent.',
    },
  },
  unsteady: {
    title: (task: string) => `${task}: failures come and go`,
    remedy: 'Compare the failed runs: the same error, the same hour?',
  },
  fruitless: {
    title: (task: string) => `${task}: it runs, and nothing works`,
    facts: (count: string, at: string) => `${count} runs in a row, since ${at}.`,
    remedy:
      'Open the last run. If the reason is the same everywhere, the cause is one: account, settings or network.',
  },
  cut_short: {
    title: (task: string) => `${task}: the backlog grows`,
    facts: (count: string, at: string) => `${count} runs in a row ran out of time, since ${at}.`,
    remedy: 'Run it more often, or give it a larger budget in infra/scheduler.yaml.',
  },
  toFix: {
    title: (count: number) => (count === 1 ? '1 follow-up needs fixing' : `${count} follow-ups need fixing`),
    remedy: 'An address, an amount or a template is missing or wrong.',
  },
  notified: {
    title: 'Nobody is notified of incidents',
    remedy: 'Name an operator in the settings.',
  },
  recipients: {
    title: 'Nobody receives alerts about late tickets',
    remedy: 'Add a recipient.',
  },
  setUp: {
    title: (done: number, all: number) => `Set up: ${done} of ${all} done`,
    hide: 'Hide this list',
    done: 'done',
    open: 'to do',
    organisations: 'Create an organisation, with its rules for follow-ups',
    mailboxes: 'Connect a mailbox, so that answers stop the reminders',
    recipients: 'Add a recipient of alerts about late tickets',
    visits: 'Count the visits of your site with two lines',
  },
  row: {
    never: 'Has not run yet.',
    running: (count: string) => `Running now: ${count}.`,
    paused: 'Paused.',
    pausedBy: (who: string, at: string) => `Paused by ${who} on ${at}.`,
    sentence: (at: string, what: string) => `${at.charAt(0).toUpperCase()}${at.slice(1)}: ${what}.`,
    failed: (count: string) => `${count} failed`,
    late: (at: string) => `The run of ${at} did not start.`,
    dueNow: 'due now',
    next: (distance: string) => `Next ${distance}`,
  },
};

export type HomeTexts = Widened<typeof en>;
