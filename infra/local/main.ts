import { loadDotEnv } from '../../shared/doors/config.ts';
import { runFirstRuns } from './first-runs.ts';
import { describeOverridden, localSettings } from './settings.ts';
import { type Stack, startStack } from './stack.ts';
import { removeStackFile, writeStackFile } from './stack-file.ts';

const LOOK_FOR_NPM_MS = 500;

const line = (text: string) => process.stdout.write(`${text}\n`);

/** `npm start`: starts the local cloud and stays until a signal comes, the terminal closes or an engine dies. */
async function main(): Promise<void> {
  loadDotEnv();
  let stack: Stack | undefined;
  let ending = false;
  // The file of another local cloud in this folder must stay.
  let written = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    if (written) removeStackFile();
    await stack?.stop();
    process.exit(code);
  };
  const settings = localSettings();
  const overridden = describeOverridden();
  if (overridden) line(overridden);
  if (settings.underNpm) whenParentEnds(() => void end(1));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));
  stack = await startStack({ ...settings, progress: line });
  if (settings.demo && settings.firing && !ending)
    line(`First runs: ${(await runFirstRuns(stack.scheduler)).join(', ')}`);
  if (ending) return void (await stack.stop());
  stack.onCrash((part) => {
    if (ending) return;
    process.stderr.write(`${part} has died; stopping everything. Start again with npm start.\n`);
    void end(1);
  });
  writeStackFile(stack.file);
  written = true;
  line(`The console (sign in as admintest1, password Test1234!): ${stack.file.console}`);
  line(`Try the tracking of page visits: ${stack.file.gateway}/demo/`);
  line(`Ready: ${stack.file.gateway} (addresses and tokens in .local/stack.json; Ctrl-C stops everything)`);
}

/** A killed npm cannot forward a signal, and Ctrl-C in the terminal would no longer reach this process. */
function whenParentEnds(callback: () => void): void {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && callback(), LOOK_FOR_NPM_MS).unref();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
