/** The text below the commands of `ronde --help`. */
export const PROGRAM_HELP = `
To begin with
  ronde doctor                                    is everything there that the tasks need?
  ronde run close-inactive-visits --dry-run       what would a run do now?
  ronde alerts ticket R-17                        why is this ticket late, or not?
  ronde followups explain F-2026-001              why was this reminder sent, or not?
  ronde import visits visits.jsonl --dry-run      moving in from another system

Where it works
  On --project P --region R. Else on the local cloud, if npm start runs in this folder. Else on RONDE_URL or the project of
  the environment, with RONDE_TOKEN or gcloud's identity token. import, erase, retention and doctor connect to the stores themselves: they need the
  variables of .env.example and gcloud auth application-default login.

Exit codes
  0 done, 1 failed or refused, 2 wrong usage, 3 drift (scheduler plan). Every command takes --json.`;

/** The text below the options of `import`. */
export const IMPORT_HELP = `
Rules
  Every line is checked before anything is written; every fault is reported with its line. Existing documents are never
  changed. No mail is sent. If interrupted, run it again.
  Events need their tickets, so import in this order: users, login_history, visits, tickets, ticket_events, recipients, followups.
  The fields of each kind: docs/guides/moving-in.md`;
