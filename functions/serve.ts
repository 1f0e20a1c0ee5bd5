import { ConfigError } from '../shared/doors/config.ts';
import { registerFunction } from '../shared/doors/framework/register.ts';
import type { HttpHandler } from '../shared/doors/http/request.ts';
import { processDeps } from '../shared/runtime/deps.ts';
import type { Deps } from '../shared/runtime/task.ts';

/**
 * Serves one function in this process. A bad environment ends the process with one line per fault, and a deployment then
 * fails with these lines in its log.
 */
export function serve(name: string, handler: (open: () => Deps) => HttpHandler): void {
  registerFunction(name, handler(depsOrEnd()));
}

function depsOrEnd(): () => Deps {
  try {
    return processDeps();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
