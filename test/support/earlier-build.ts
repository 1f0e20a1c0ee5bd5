import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeEnvironment } from './node-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The version before this one, from which docs/guides/upgrading.md counts. */
const EARLIER = 'dad1274';

/** Returns why this clone cannot build the earlier version, or null. */
export function findHistoryFault(): string | null {
  try {
    execFileSync('git', ['cat-file', '-e', `${EARLIER}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
    return null;
  } catch {
    return `this clone has no commit ${EARLIER}; git fetch --unshallow`;
  }
}

/**
 * Builds functions of the earlier version, by its own build and today's packages, below `folder`. Returns their folder. All
 * bundles below `folder` find the packages.
 */
export async function buildEarlier(names: readonly string[], folder: string): Promise<string> {
  const [source, out] = [join(folder, 'source'), join(folder, 'bundles')];
  mkdirSync(source, { recursive: true });
  const run = promisify(execFile);
  await run('git', ['archive', '--output', join(folder, 'source.tar'), EARLIER], { cwd: ROOT });
  await run('tar', ['-xf', join(folder, 'source.tar'), '-C', source]);
  for (const place of [folder, source]) symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  await run(process.execPath, ['infra/build.ts', '--only', names.join(','), '--out', out], {
    cwd: source,
    env: nodeEnvironment(),
  });
  return out;
}
