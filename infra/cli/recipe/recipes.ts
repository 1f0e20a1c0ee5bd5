import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScheduledJob } from '../../scheduler/parse.ts';
import { toOnCalendar } from './calendar.ts';

const UNIT = join(import.meta.dirname, '../../systemd/ronde@.service');

/** The address that a job calls, with its parameters and its budget, which ends the run before its time limit. */
function toAddress({ route, params, budget_seconds: budget }: ScheduledJob, url: string): string {
  const query = Object.entries({ ...params, budget_seconds: budget }).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  return `${url}${route}?${query.join('&')}`;
}

const CRONTAB_HEAD = `# For a machine without Cloud Scheduler: crontab -e. One line per task; watch-runs reports the others' failures.
#
# The secret stands as one line (X-Cron-Secret: YOUR-SECRET) in ~/.ronde-headers with mode 600, so that ps never shows it.
# Each answer goes to ~/ronde.log with its time, also the reason of a failure. curl's own line goes to cron, which mails it.
# It needs curl 7.76 or newer.
#
# The times are UTC. cronie (Red Hat, Arch) obeys CRON_TZ. The cron of Debian and Ubuntu ignores it and reads the times in
# the zone of the machine: set that to UTC (timedatectl set-timezone UTC), or use the timers of systemd.`;

/** Returns the crontab for jobs of infra/scheduler.yaml. */
export function toCrontab(jobs: readonly ScheduledJob[], url: string): string {
  let zone = '';
  const lines = jobs.flatMap((job) => {
    const change = job.time_zone === zone ? [] : [`CRON_TZ=${job.time_zone}`];
    zone = job.time_zone;
    const curl = `curl -sS --fail-with-body --max-time ${job.attempt_deadline} -w '\\n' -X ${job.method} -H @$HOME/.ronde-headers`;
    // cron turns a per cent sign into a line feed, unless a backslash stands before it.
    const address = toAddress(job, url).replaceAll('%', '\\%');
    return [...change, `${job.schedule} { date -uIs; ${curl} "${address}"; } >> $HOME/ronde.log`];
  });
  return [CRONTAB_HEAD, ...lines].join('\n');
}

const toTimer = (job: ScheduledJob): string => `[Unit]
Description=Ronde: ${job.function}

[Timer]
Unit=ronde@${job.function}.service
OnCalendar=${toOnCalendar(job.schedule, job.time_zone)}
Persistent=true

[Install]
WantedBy=timers.target`;

const toFile = (path: string, text: string): string => `cat > "${path}" <<'END'\n${text.trimEnd()}\nEND`;

/** Returns a script that installs a service and a timer of systemd per job. DESTDIR prefixes every path. */
export function toSystemdScript(jobs: readonly ScheduledJob[], url: string): string {
  const units = '$DESTDIR/etc/systemd/system';
  const folder = '$DESTDIR/etc/ronde';
  const files = jobs.flatMap((job) => [
    toFile(
      `${folder}/${job.function}.env`,
      // systemd reads a per cent sign in a file of variables as it is.
      `URL=${toAddress(job, url)}\nMETHOD=${job.method}\nMAX_TIME=${job.attempt_deadline}`,
    ),
    toFile(`${units}/ronde-${job.function}.timer`, toTimer(job)),
  ]);
  return `#!/bin/sh
# Run it as root: npx ronde recipe systemd --url ${url} | sudo sh. Run it again after a change of infra/scheduler.yaml.
set -eu
DESTDIR="\${DESTDIR:-}"
mkdir -p "${units}" "${folder}"
if [ ! -e "${folder}/headers" ]; then
  (umask 077; echo 'X-Cron-Secret: YOUR-SECRET' > "${folder}/headers")
  echo 'Write the cron secret into /etc/ronde/headers; only root can read it.'
fi
${toFile(`${units}/ronde@.service`, readFileSync(UNIT, 'utf8'))}
${files.join('\n')}
systemctl daemon-reload
systemctl enable --now ${jobs.map((job) => `ronde-${job.function}.timer`).join(' ')}
echo "systemctl list-timers 'ronde-*' shows the next runs, journalctl -u 'ronde@*' -f their answers."`;
}
