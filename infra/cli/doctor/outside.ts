import { z } from 'zod';
import { systemClock } from '../../../shared/doors/clock.ts';
import type { Config } from '../../../shared/doors/config.ts';
import { TIMEOUTS } from '../../../shared/doors/mail/converse.ts';
import { tryLogin } from '../../../shared/doors/mail/deliver.ts';
import type { Fault } from '../../../shared/doors/mail/faults/kinds.ts';
import { REMEDIES } from '../../../shared/doors/mail/faults/remedies.ts';
import { openDefaultAccount } from '../../../shared/doors/mail/open-post.ts';
import type { Phase } from '../../../shared/doors/mail/phase.ts';
import { hasDrift, planSchedule } from '../../scheduler/plan.ts';
import type { Patient } from './patient.ts';
import { type CheckResult, reasonOf, reportFault, reportSound } from './result.ts';

const PATIENCE_MS = 10_000;

/** Logs in to the mail server. Sends nothing. */
export async function examineMail(config: Config): Promise<CheckResult> {
  const mail = openDefaultAccount({ config, store: null, clock: systemClock });
  if (!mail)
    return reportFault(
      'mail',
      'EMAIL_HOST is not set: no mail is sent',
      'set EMAIL_HOST and the variables beside it in .env.example',
    );
  const timeouts = { ...TIMEOUTS, socket: PATIENCE_MS, whole: PATIENCE_MS };
  const { outcome, phase, response, fault } = await tryLogin(mail, { timeouts });
  if (outcome !== 'sent')
    return reportFault('mail', response ?? 'no answer', findMailRemedy(phase, response ?? '', fault));
  if (mail.paused)
    return reportFault(
      'mail',
      'EMAIL_PAUSED is on: nothing is sent',
      'unset EMAIL_PAUSED and deploy, once the emergency is over',
    );
  const place = `${mail.host}:${mail.port}, ${mail.login ? 'login accepted' : 'no login'}`;
  const redirect = mail.redirectTo ? '; every mail goes to EMAIL_REDIRECT_TO' : '';
  return reportSound('mail', `${place}${redirect}`);
}

/** Returns the remedy for a refused or broken login. */
function findMailRemedy(phase: Phase, response: string, fault: Fault | null): string {
  if (phase === 'starttls' || /certificate|self.signed|\b(TLS|SSL)/i.test(response))
    return 'the server offers no trusted encryption: check EMAIL_PORT, EMAIL_USE_TLS and its certificate';
  if (fault) return REMEDIES[fault.kind].en;
  return 'check EMAIL_HOST and EMAIL_PORT, and that the network allows the connection';
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.unknown()).min(1, 'has no key') });

/** Reads the keys of the issuer of users' tokens, and compares its name with AUTH_ISSUER. */
export async function examineIssuer(auth: Config['auth']): Promise<CheckResult> {
  if (!auth)
    return reportFault(
      'issuer',
      'AUTH_ISSUER is not set: nobody can sign in',
      'set AUTH_ISSUER and AUTH_AUDIENCE to your OIDC provider’s',
    );
  try {
    if (auth.jwksUrl) {
      const { keys } = keySet.parse(await getJson(auth.jwksUrl));
      return reportSound('issuer', `${auth.issuer}, ${keys.length} key(s) of AUTH_JWKS_URL`);
    }
    const found = discovery.parse(
      await getJson(`${auth.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (found.issuer !== auth.issuer)
      return reportFault(
        'issuer',
        `it calls itself ${found.issuer}`,
        'set AUTH_ISSUER to exactly that, trailing slash included, or set AUTH_JWKS_URL',
      );
    const { keys } = keySet.parse(await getJson(found.jwks_uri));
    return reportSound('issuer', `${auth.issuer}, ${keys.length} key(s)`);
  } catch (error) {
    return reportFault(
      'issuer',
      `${auth.issuer}: ${reasonOf(error)}`,
      'correct AUTH_ISSUER or AUTH_JWKS_URL; the first’s /.well-known/openid-configuration, or the second, must answer from here',
    );
  }
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}

/** Compares Cloud Scheduler with infra/scheduler.yaml. */
export async function examineSchedule(patient: Patient): Promise<CheckResult> {
  try {
    const place = patient.scheduler();
    try {
      const plan = planSchedule(place.wanted(), await place.api.list());
      if (!hasDrift(plan))
        return reportSound('schedule', `${plan.length} job(s) are as infra/scheduler.yaml says`);
      const changes = plan.filter(({ kind }) => kind !== 'unchanged').map(({ id, kind }) => `${kind} ${id}`);
      return reportFault(
        'schedule',
        `differs: ${changes.join(', ')}`,
        'ronde scheduler plan shows each field, ronde scheduler apply corrects it',
      );
    } finally {
      await place.api.close();
    }
  } catch (error) {
    return reportFault(
      'schedule',
      reasonOf(error),
      'give GOOGLE_CLOUD_PROJECT and REGION, and sign in: gcloud auth application-default login',
    );
  }
}
