/**
 * Process entry `clocked-function.ts NAME PORT INSTANT`: runs a function behind the real Functions Framework. Its
 * clock stands at INSTANT until the parent process sends another instant over IPC.
 */
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { mounted } from '../../../functions/registry.ts';
import { serve } from '../../../functions/serve.ts';
import { watchedJobs } from '../../../infra/scheduler/watched.ts';
import { handSchedule } from '../../../shared/domains/watch/schedule.ts';
import type { Deps } from '../../../shared/runtime/task.ts';

const [name = '', port = '', instant = ''] = process.argv.slice(2);
let now = new Date(instant);
process.on('message', (next: string) => {
  now = new Date(next);
  process.send?.(next);
});
process.on('disconnect', () => process.exit(1));

const found = mounted.find((one) => one.name === name);
if (!found)
  throw new Error(`there is no function "${name}"; legal: ${mounted.map((one) => one.name).join(', ')}`);
/** Replaces the process's clock only; engines still open lazily. */
const clocked = (deps: Deps): Deps => Object.create(deps, { clock: { value: () => new Date(now) } });
handSchedule(watchedJobs());
serve(name, (open) => found.handler(() => clocked(open())));
getTestServer(name).listen(Number(port), '127.0.0.1', () => process.stdout.write('Serving function\n'));
