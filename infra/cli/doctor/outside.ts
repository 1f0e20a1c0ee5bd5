import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Config } from '../../../shared/doors/config.ts';
import type { MailConfig } from '../../../shared/doors/mail/settings.ts';
import { hasDrift, planSchedule } from '../../scheduler/plan.ts';
import type { Patient } from './patient.ts';
import { ill, type Result, reasonOf, well } from './result.ts';

const PATIENCE_MS = 10_000;

/** Whether the mail account can be logged in to. Sends nothing. */
export async function examineMail(mail: MailConfig | undefined): Promise<Result> {
  if (!mail)
    return ill(
      'mail',
      'EMAIL_HOST is not set: nobody is told of anything',
      'set EMAIL_HOST and what belongs to it, see .env.example',
    );
  const place = `${mail.host}:${mail.port}, ${mail.login ? 'login accepted' : 'no login'}`;
  try {
    await transportOf(mail).verify();
  } catch (error) {
    return ill('mail', withoutPassword(reasonOf(error), mail), mailRemedy(error));
  }
  if (mail.paused)
    return ill(
      'mail',
      'EMAIL_PAUSED is on: nothing is sent',
      'unset EMAIL_PAUSED and deploy, once the emergency is over',
    );
  return well('mail', mail.redirectTo ? `${place}; every mail goes to EMAIL_REDIRECT_TO` : place);
}

/** What helps against what nodemailer's error says. */
function mailRemedy(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === 'EAUTH')
    return 'correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD; with Gmail an app password, two-factor first';
  if (code === 'ETLS' || /certificate|self.signed|\b(TLS|SSL)/i.test(reasonOf(error)))
    return 'the server offers no encryption that can be trusted: check EMAIL_PORT, EMAIL_USE_TLS and its certificate';
  return 'check EMAIL_HOST and EMAIL_PORT, and that the network lets it out';
}

function transportOf({ host, port, tls, login }: MailConfig) {
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

const withoutPassword = (text: string, { login }: MailConfig): string =>
  login ? text.replaceAll(login.password, '***') : text;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.unknown()).min(1, 'has no key') });

/** Whether the issuer of the users' tokens can be asked for its keys, and is who it is said to be. */
export async function examineIssuer(auth: Config['auth']): Promise<Result> {
  if (!auth)
    return ill(
      'issuer',
      'AUTH_ISSUER is not set: nobody can sign in',
      'set AUTH_ISSUER and AUTH_AUDIENCE to your OIDC provider’s',
    );
  try {
    const found = discovery.parse(
      await getJson(`${auth.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (found.issuer !== auth.issuer)
      return ill(
        'issuer',
        `it calls itself ${found.issuer}`,
        'set AUTH_ISSUER to exactly that, trailing slash included',
      );
    const { keys } = keySet.parse(await getJson(found.jwks_uri));
    return well('issuer', `${auth.issuer}, ${keys.length} key(s)`);
  } catch (error) {
    return ill(
      'issuer',
      `${auth.issuer}: ${reasonOf(error)}`,
      'correct AUTH_ISSUER; its /.well-known/openid-configuration must answer from here',
    );
  }
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.json();
}

/** Whether Cloud Scheduler is as infra/scheduler.yaml says. */
export async function examineSchedule(patient: Patient): Promise<Result> {
  try {
    const place = patient.scheduler();
    try {
      const plan = planSchedule(place.wanted(), await place.api.list());
      if (!hasDrift(plan)) return well('schedule', `${plan.length} job(s) are as infra/scheduler.yaml says`);
      const changes = plan.filter(({ kind }) => kind !== 'unchanged').map(({ id, kind }) => `${kind} ${id}`);
      return ill(
        'schedule',
        `differs: ${changes.join(', ')}`,
        'ronde scheduler plan shows each field, ronde scheduler apply mends it',
      );
    } finally {
      await place.api.close();
    }
  } catch (error) {
    return ill(
      'schedule',
      reasonOf(error),
      'give GOOGLE_CLOUD_PROJECT and REGION, and sign in: gcloud auth application-default login',
    );
  }
}

/** Whether the functions answer, and take this person for an administrator. */
export async function examineDoor(patient: Patient): Promise<Result> {
  try {
    const { url, authorization } = await patient.target();
    const response = await fetch(`${url}/v1/admin/settings`, {
      headers: { Authorization: authorization },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    if (response.ok) return well('functions', `${url} answers`);
    const refused = response.status === 401 || response.status === 403;
    return ill(
      'functions',
      `${url} answers ${response.status}`,
      refused
        ? 'be in OPERATORS or an administrator of AUTH_ISSUER; give RONDE_TOKEN, or gcloud auth login. The log names the check that failed'
        : 'look at the log of the function console; ./deploy.sh deploys it again',
    );
  } catch (error) {
    return ill(
      'functions',
      reasonOf(error),
      'npm start here, or set RONDE_URL to the deployed address; ./deploy.sh says what it has deployed',
    );
  }
}
