import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Config } from '../../../shared/doors/config.ts';
import type { MailConfig } from '../../../shared/doors/mail/settings.ts';
import { hasDrift, planSchedule } from '../../scheduler/plan.ts';
import type { Patient } from './patient.ts';
import { type CheckResult, reasonOf, reportFault, reportSound } from './result.ts';

const PATIENCE_MS = 10_000;

/** Logs in to the mail server. Sends nothing. */
export async function examineMail(mail: MailConfig | undefined): Promise<CheckResult> {
  if (!mail)
    return reportFault(
      'mail',
      'EMAIL_HOST is not set: no mail is sent',
      'set EMAIL_HOST and the variables beside it in .env.example',
    );
  const place = `${mail.host}:${mail.port}, ${mail.login ? 'login accepted' : 'no login'}`;
  try {
    await openTransport(mail).verify();
  } catch (error) {
    return reportFault('mail', hidePassword(reasonOf(error), mail), findMailRemedy(error));
  }
  if (mail.paused)
    return reportFault(
      'mail',
      'EMAIL_PAUSED is on: nothing is sent',
      'unset EMAIL_PAUSED and deploy, once the emergency is over',
    );
  return reportSound('mail', mail.redirectTo ? `${place}; every mail goes to EMAIL_REDIRECT_TO` : place);
}

/** Returns the remedy for an error of nodemailer. */
function findMailRemedy(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === 'EAUTH')
    return 'correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD; with Gmail an app password, two-factor first';
  if (code === 'ETLS' || /certificate|self.signed|\b(TLS|SSL)/i.test(reasonOf(error)))
    return 'the server offers no trusted encryption: check EMAIL_PORT, EMAIL_USE_TLS and its certificate';
  return 'check EMAIL_HOST and EMAIL_PORT, and that the network allows the connection';
}

function openTransport({ host, port, tls, login }: MailConfig) {
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(login ? { auth: { user: login.user, pass: login.password } } : {}),
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    dnsTimeout: PATIENCE_MS,
  });
}

const hidePassword = (text: string, { login }: MailConfig): string =>
  login ? text.replaceAll(login.password, '***') : text;

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

/** Calls the functions as an administrator. */
export async function examineDoor(patient: Patient): Promise<CheckResult> {
  try {
    const { url, authorization } = await patient.target();
    const response = await fetch(`${url}/v1/admin/settings`, {
      headers: { Authorization: authorization },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    if (response.ok) return reportSound('functions', `${url} answers`);
    const isRefused = response.status === 401 || response.status === 403;
    return reportFault(
      'functions',
      `${url} answers ${response.status}`,
      isRefused
        ? 'sign in as one of OPERATORS or as an administrator of AUTH_ISSUER, with RONDE_TOKEN or gcloud auth login; the log names the failed check'
        : 'read the log of the function console; ./deploy.sh deploys it again',
    );
  } catch (error) {
    return reportFault(
      'functions',
      reasonOf(error),
      'run npm start here, or set RONDE_URL to the deployed address, which ./deploy.sh prints',
    );
  }
}
