import { z } from 'zod';
import { callAdmin } from '../admin-call.ts';
import type { Target } from '../target.ts';
import type { Patient } from './patient.ts';
import { type CheckResult, reasonOf, reportFault, reportSound } from './result.ts';

const PATIENCE_MS = 10_000;

/** Calls the functions as an administrator, and lets the console sign in to the mail server from where it runs. */
export async function examineDoor(patient: Patient): Promise<CheckResult[]> {
  const { result, target } = await callDoor(patient);
  return target ? [result, await examineFunctionsMail(target)] : [result];
}

async function callDoor(patient: Patient): Promise<{ result: CheckResult; target?: Target }> {
  try {
    const target = await patient.target();
    const { url, authorization } = target;
    const response = await fetch(`${url}/v1/admin/settings`, {
      headers: { Authorization: authorization },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    if (response.ok) return { result: reportSound('functions', `${url} answers`), target };
    const isRefused = response.status === 401 || response.status === 403;
    const result = reportFault(
      'functions',
      `${url} answers ${response.status}`,
      isRefused
        ? 'sign in as one of OPERATORS or as an administrator of AUTH_ISSUER, with RONDE_TOKEN or gcloud auth login; the log names the failed check'
        : 'read the log of the function console; ./deploy.sh deploys it again',
    );
    return { result };
  } catch (error) {
    const result = reportFault(
      'functions',
      reasonOf(error),
      'run npm start here, or set RONDE_URL to the deployed address, which ./deploy.sh prints',
    );
    return { result };
  }
}

const mailReport = z.object({
  ok: z.boolean(),
  error: z
    .object({ kind: z.string(), detail: z.string(), remedies: z.object({ en: z.string() }) })
    .nullable(),
});

/** The network of the functions is not that of this machine: their port may be closed, and their password another. */
async function examineFunctionsMail(target: Target): Promise<CheckResult> {
  const check = 'mail of the functions';
  const path = '/v1/admin/mail-accounts/default/test';
  try {
    const { error } = await callAdmin(target, mailReport, { method: 'POST', path, body: {} });
    return error
      ? reportFault(check, `${error.kind}: ${error.detail}`, error.remedies.en)
      : reportSound(check, 'the console signs in to the mail server');
  } catch (error) {
    return reportFault(
      check,
      reasonOf(error),
      'set EMAIL_* in .env.production and the password in Secret Manager, then ./deploy.sh release',
    );
  }
}
