import type { Config } from '../../../../shared/doors/config.ts';
import { functionUrl } from '../../../../shared/doors/google/addresses.ts';
import { ownIdentity } from '../../../../shared/doors/google/metadata.ts';
import { HttpError } from '../../../../shared/doors/http/errors.ts';
import { REQUESTED_BY, requesterHeader } from '../../../../shared/runtime/requester.ts';
import type { AnyTask } from '../../../../shared/runtime/task.ts';
import type { AdminContext } from '../route.ts';

/** A person waits, and Firebase Hosting gives up after 60 s. The next run does the rest. */
const BUDGET_SECONDS = 50;
/** A task answers within its budget and 3 s; a cold start comes on top. */
const SLACK_MS = 9_000;

/** The answer of a task. */
export interface TaskReply {
  status: number;
  reply: object;
}

/**
 * Calls a task's function with the console's account (one of SERVICE_ACCOUNTS), and names the person who asks. Returns the
 * task's answer unchanged, but throws a 503 if the task refuses the console itself.
 */
export async function callTask(context: AdminContext, task: AnyTask, params: object): Promise<TaskReply> {
  const { config, caller } = context;
  const url = taskUrl(config, task);
  const given = { budget_seconds: Math.min(BUDGET_SECONDS, task.budgetSeconds), ...params };
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
    body: JSON.stringify(given),
    signal: AbortSignal.timeout(patienceMs(given.budget_seconds, task)),
  }).catch((error: unknown) => {
    throw away(`${task.name} does not answer; its runs show if it has begun.`, error);
  });
  const text = await response.text();
  if (response.status === 401 || response.status === 403) {
    throw away(
      `${task.name} refuses the console; add the console's account to SERVICE_ACCOUNTS and deploy it again.`,
      text,
    );
  }
  return { status: response.status, reply: parseReply(text, task) };
}

/** How long to wait for the answer. The task itself refuses a budget that is not legal, and at once. */
function patienceMs(budgetSeconds: unknown, task: AnyTask): number {
  const asked = Number(budgetSeconds);
  const isLegal = asked > 0 && asked <= task.budgetSeconds;
  return (isLegal ? asked : task.budgetSeconds) * 1000 + SLACK_MS;
}

/** Returns the task's address on Google Cloud, or that of the local gateway. */
function taskUrl({ local, functionUrls, project, region, namePrefix }: Config, task: AnyTask) {
  const [gateway] = functionUrls;
  if (local && gateway) return { audience: gateway, address: gateway + task.route };
  if (!region)
    throw new HttpError(503, 'REGION is not set, so the task cannot be found; set it and deploy again.');
  const audience = functionUrl(project, region, namePrefix + task.name);
  return { audience, address: audience };
}

function parseReply(text: string, task: AnyTask): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Not JSON: Google answered with a page instead of the function.
  }
  throw away(`${task.name} did not answer, Google did; look into its log.`, text.slice(0, 200));
}

function away(message: string, cause: unknown): HttpError {
  return new HttpError(503, message, { check: `console: ${String(cause).slice(0, 300)}` });
}
