import { z } from 'zod';
import { functionUrl } from '../../../shared/doors/google/addresses.ts';
import { type DeployContext, DeployError } from '../context.ts';
import type { PlannedFunction } from '../plan.ts';
import { listFunctions, shortName } from './functions.ts';

const TIMEOUT_MS = 90_000;
/** Log lines shown of a function that does not answer. */
const LOG_LINES = 10;

const taskAnswer = z.object({ run_id: z.string() });
const refusal = z.object({ error: z.object({ message: z.string() }) });

/**
 * Calls each function. A function passes if its own code answers: a task by a dry run with its run_id, whatever the data
 * made of it, and an API by a refusal or an answer of its own. Throws DeployError with the last log lines of the others.
 */
export async function tryFunctions(context: DeployContext): Promise<void> {
  const { plan, options, print } = context;
  const found = await listFunctions(context);
  const urlOf = (planned: PlannedFunction) =>
    found.find((one) => shortName(one) === planned.deployed)?.url ??
    functionUrl(options.project, options.region, planned.deployed);
  if (options.dry) {
    for (const planned of plan.functions) print(describeCall(planned, urlOf(planned)));
    return;
  }
  const tokenOf = openTokens(context);
  const results = await Promise.all(
    plan.functions.map(async (planned) => {
      const fault = await tryFunction(planned, urlOf(planned), tokenOf);
      return { planned, fault };
    }),
  );
  const failed = results.filter(({ fault }) => fault !== null);
  if (failed.length === 0) return;
  const texts = failed.map(
    async ({ planned, fault }) => `${planned.deployed} ${fault}\n${await readLog(planned.deployed, context)}`,
  );
  throw new DeployError((await Promise.all(texts)).join('\n'));
}

const describeCall = ({ entry, route }: PlannedFunction, url: string): string =>
  entry.task ? `# POST ${url}${route} {"dry_run":true}` : `# GET ${url}${route}`;

/** Returns the token for a function, or null without one: then the door alone is tried. */
function openTokens({ identity, env, options, report }: DeployContext) {
  let isReported = false;
  return async (planned: PlannedFunction): Promise<string | null> => {
    if (env.RONDE_TOKEN) return env.RONDE_TOKEN;
    const audience = functionUrl(options.project, options.region, planned.deployed);
    return (await identity?.idToken(audience).catch((error: Error) => {
      if (!isReported) report.remark(`only the doors were tried, no dry run: ${error.message}`);
      isReported = true;
      return null;
    })) as string | null;
  };
}

async function tryFunction(
  planned: PlannedFunction,
  url: string,
  tokenOf: (planned: PlannedFunction) => Promise<string | null>,
): Promise<string | null> {
  try {
    const token = planned.entry.task ? await tokenOf(planned) : null;
    const response = await fetch(url + planned.route, {
      method: planned.entry.task ? 'POST' : 'GET',
      headers: {
        'Content-Type': 'application/json',
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      ...(planned.entry.task ? { body: JSON.stringify({ dry_run: true }) } : {}),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return judge(response.status, await response.text(), token !== null);
  } catch (error) {
    return `does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Returns why an answer is not the function's own, or null. Google's answers are pages or plain texts, not our JSON. */
export function judge(status: number, text: string, hasProof: boolean): string | null {
  const body = parseJson(text);
  if (taskAnswer.safeParse(body).success) return null;
  const said = refusal.safeParse(body).data?.error.message;
  if (!hasProof && said !== undefined && [401, 405].includes(status)) return null;
  return `answers ${status}: ${
    said ??
    (text
      .replaceAll(/<[^<>]*>|\s+/g, ' ')
      .trim()
      .slice(0, 200) ||
      'nothing')
  }`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const logRows = z.array(z.object({ log: z.string().default(''), level: z.string().nullish() }));

async function readLog(name: string, { gcloud, options }: DeployContext): Promise<string> {
  const args = ['functions', 'logs', 'read', name, '--gen2', `--region=${options.region}`];
  try {
    const rows = logRows.parse(await gcloud.read([...args, `--limit=${LOG_LINES}`], []));
    if (rows.length === 0) return '  its log has no line yet';
    return rows.map(({ level, log }) => `  ${level ?? ''} ${log}`).join('\n');
  } catch (error) {
    return `  its log cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
}
