import { setTimeout as sleep } from 'node:timers/promises';
import { loadDotEnv } from '../../shared/doors/config.ts';
import { deploy } from './deploy.ts';
import { DeployUsageError, parseOptions, USAGE } from './options.ts';

const print = (line: string) => void process.stdout.write(`${line}\n`);
const printError = (line: string) => void process.stderr.write(`${line}\n`);

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (!options) {
      print(USAGE);
      return 0;
    }
    loadDotEnv(`.env.${options.env}`);
    return await deploy(options, {
      root: process.cwd(),
      env: process.env,
      print,
      printError,
      wait: async (ms) => void (await sleep(ms)),
    });
  } catch (error) {
    if (!(error instanceof DeployUsageError)) throw error;
    printError(`deploy.sh: ${error.message}`);
    printError(USAGE);
    return 2;
  }
}

process.exitCode = await main();
