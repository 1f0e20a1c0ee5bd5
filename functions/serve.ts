import { subscribe } from 'node:diagnostics_channel';
import { http } from '@google-cloud/functions-framework';
import { ConfigError } from '../shared/doors/config.ts';
import { withoutDomains } from '../shared/doors/http/domain.ts';
import { type HttpHandler, type HttpRequest, leaveBodyUnread } from '../shared/doors/http/request.ts';
import { processDeps } from '../shared/runtime/deps.ts';
import type { Deps } from '../shared/runtime/task.ts';

/**
 * Registers a function with the Functions Framework, in a process of its own. A bad environment ends the process with one
 * line per fault; a deployment then fails with them in its log.
 */
export function serve(name: string, handler: (open: () => Deps) => HttpHandler): void {
  subscribe('http.server.request.start', (message) =>
    leaveBodyUnread((message as { request: HttpRequest }).request),
  );
  withoutDomains();
  http(name, handler(depsOrEnd()));
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
