import type { Config } from '../../../../shared/doors/config.ts';
import { functionUrl } from '../../../../shared/doors/google/addresses.ts';
import { ownIdentity } from '../../../../shared/doors/google/metadata.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { REQUESTED_BY, requesterHeader } from '../../../../shared/runtime/requester.ts';
import type { AnyTask } from '../../../../shared/runtime/task.ts';
import type { AdminContext } from '../route.ts';

/** A person waits, and Firebase Hosting gives up after 60 s: what is not done by then is for the next round. */
const BUDGET_SECONDS = 50;
/** A task answers within its budget and 3 s; a cold start comes on top. */
const SLACK_MS = 9_000;

/** What the task answered. */
export interface TaskReply {
  status: number;
  reply: object;
}

/**
 * Calls a task's function as the console's own account (one of the task's SERVICE_ACCOUNTS), in the name of the person who
 * asks. The task's own door and parameter checks decide; its answer is passed on as it is, but for a refusal of the
 * console itself, which is no fault of the person: 503.
 */
export async function callTask(context: AdminContext, task: AnyTask, params: object): Promise<TaskReply> {
  const { config, caller } = context;
  const url = taskUrl(config, task);
  const budget = { budget_seconds: Math.min(BUDGET_SECONDS, task.budgetSeconds), ...params };
  const token = await ownIdentity(config.google.metadata)
    .identityToken(url.audience)
    .catch((error: unknown) => {
      throw away(
        'The console has no identity of its own here; it runs on Google Cloud or in the local cloud.',
        error,
      );
    });
  const response = await fetch(url.address, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      ...(caller.id === null ? {} : { [REQUESTED_BY]: requesterHeader(caller.id) }),
    },
    body: JSON.stringify(budget),
    signal: AbortSignal.timeout(budget.budget_seconds * 1000 + SLACK_MS),
  }).catch((error: unknown) => {
    throw away(`${task.name} does not answer; its runs tell whether it has begun.`, error);
  });
  const text = await response.text();
  if (response.status === 401 || response.status === 403) {
    throw away(
      `${task.name} does not let the console in; add the console's account to SERVICE_ACCOUNTS and deploy it again.`,
      text,
    );
  }
  return { status: response.status, reply: parsed(text, task) };
}

/** The task's own address on Google Cloud; locally every function is behind the one gateway. */
function taskUrl({ local, functionUrls, project, region }: Config, task: AnyTask) {
  const [gateway] = functionUrls;
  if (local && gateway) return { audience: gateway, address: gateway + task.route };
  if (!region)
    throw new HttpError(503, 'REGION is not set, so the task cannot be found; set it and deploy again.');
  const audience = functionUrl(project, region, task.name);
  return { audience, address: audience };
}

function parsed(text: string, task: AnyTask): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Not JSON: a page of Google's own, when the function itself did not answer.
  }
  throw away(`${task.name} did not answer by itself; look into its log.`, text.slice(0, 200));
}

function away(message: string, cause: unknown): HttpError {
  return new HttpError(503, message, { check: `console: ${String(cause).slice(0, 300)}` });
}
