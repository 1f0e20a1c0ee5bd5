import { createWriteStream, mkdirSync } from 'node:fs';
import { tasks } from '../../functions/registry.ts';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { createLog } from '../../shared/doors/log.ts';
import { describeAnswer } from '../cli/run-task.ts';
import { localSettings } from './settings.ts';
import { type Stack, startStack } from './stack.ts';

const line = (text: string) => process.stdout.write(`${text}\n`);

/**
 * `npm run demo`: starts and fills the local cloud, then runs every task twice, first as a dry run. Prints each
 * result.
 */
async function main(): Promise<number> {
  loadDotEnv();
  const settings = { ...localSettings(), port: 0, firing: false, demo: true };
  mkdirSync('.local', { recursive: true });
  const log = createLog(createWriteStream('.local/demo.log'));
  const stack = await startStack({ ...settings, progress: line, log });
  try {
    let failed = 0;
    for (const task of tasks) {
      line(`\n${task.name}`);
      line(`  dry run   ${await runTask(stack, task.route, true).then(({ text }) => text)}`);
      const real = await runTask(stack, task.route, false);
      line(`  run       ${real.text}`);
      if (!real.ok) failed += 1;
    }
    line(`\n${tasks.length - failed} of ${tasks.length} task(s) ran.`);
    return failed === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

async function runTask(stack: Stack, route: string, dry: boolean): Promise<{ ok: boolean; text: string }> {
  const response = await fetch(stack.file.gateway + route, {
    method: 'POST',
    headers: { Authorization: `Bearer ${stack.file.tokens.admin}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ dry_run: dry }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { ok: response.ok, text: describeAnswer({ status: response.status, body, text: '' }) };
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
