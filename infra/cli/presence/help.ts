/** The text of `ronde presence help`: the recipes and precautions of the original, with today's commands. */
export const PRESENCE_HELP = `Presence: who is really online

  status                 the state of the system: flags against live keys, ghosts, stale sessions, stores, last runs
  cleanup                puts everybody offline, after a restart or against ghosts; any later ping wins
  test                   tests connections, schema of users, operations, indexes, a simulated update, timings
  stale [--minutes 30]   marks users offline after N minutes of silence; --scheduled --interval 15 repeats it
  restore FILE           restores a --backup FILE of cleanup or stale

Recipes
  Ghosts online:   npx ronde presence cleanup --backup before.json; npx ronde presence test; npx ronde presence status
  Regularly:       npx ronde presence stale --minutes 60 --yes
  Debugging:       npx ronde presence status; npx ronde presence test
  By crontab:      npx ronde recipe crontab --url https://HOST prints the lines
                   (Cloud Scheduler does both already: clean-stale-sessions and test-presence)

Before cleaning
  Back up (--backup FILE), try it in development first, look with --dry-run, not at peak hours; watch the logs after.

To watch
  Users flagged online against live keys, stale sessions (30 minutes and more), store errors, response times.`;
