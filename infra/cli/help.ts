import { tasks } from '../../functions/registry.ts';

/** What `ronde --help` says below its commands. */
export const PROGRAM_HELP = `
To begin with
  ronde doctor                                    is all there that the rounds need?
  ronde run close-inactive-visits --dry-run       what would a round do now?
  ronde alerts ticket ID                          why is this ticket late, or not?
  ronde followups explain ID                      why was this reminder sent, or not?
  ronde import visits visits.jsonl --dry-run      moving in from another system

Where it works
  On the local cloud, where npm start runs in this folder. Else on RONDE_URL, the deployed address, with gcloud's
  identity token or RONDE_TOKEN. import, erase, retention and doctor go to the stores themselves: they want the
  variables of .env.example and gcloud auth application-default login.

Exit codes
  0 done, 1 failed or refused, 2 wrong usage, 3 drift (scheduler plan). Every command takes --json.`;

/** What `run` and `loop` say below their options. */
export const TASKS_HELP = `
Tasks
${tasks.map(({ name }) => `  ${name}`).join('\n')}`;

/** What `import` says below its options. */
export const IMPORT_HELP = `
Rules
  Every line is checked before anything is written, and every fault is told with its line. What is there already stays
  as it is. Nothing is mailed. Cut off, it goes on when it is run again.
  Events need their tickets: users, login_history, visits, tickets, ticket_events, recipients, followups.
  The fields of each kind: docs/guides/moving-in.md`;
