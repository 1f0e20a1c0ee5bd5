import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AccessTokens } from '../../../../shared/doors/account/access-tokens.ts';
import type { CredentialSource } from '../../../../shared/doors/account/credential-source.ts';
import { type Resolved, resolveCredentials } from '../../../../shared/doors/account/credentials.ts';
import { deliver, tryLogin } from '../../../../shared/doors/mail/deliver.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';
import { startTokenServer, type TokenServer } from '../../../support/inbox/oauth.ts';
import { type ScriptedSmtp, startScriptedSmtp } from '../../../support/scripted-smtp.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const USER = 'compta@garage.test';
const REFUSED = '535 5.7.3 Authentication unsuccessful';
let smtp: ScriptedSmtp;
let server: TokenServer;

beforeAll(async () => {
  smtp = await startScriptedSmtp();
  server = await startTokenServer();
});
afterAll(async () => {
  await smtp?.stop();
  await server?.stop();
});
beforeEach(() => {
  server.refuse(null);
  Object.assign(smtp, { mails: [], connections: 0, mostOpen: 0 });
  smtp.script = (step, { token }) => (step === 'auth' && server.userOf(token) === null ? REFUSED : null);
});

/** Opens an account whose tokens are kept in memory. */
function account(source: CredentialSource, limits = 8) {
  let kept: Resolved['keep'] = {};
  const config = {
    sealingKeys: ['k'.repeat(32)],
    local: true,
    project: 'p',
    google: { metadata: '', secrets: '' },
  };
  const tokens = new AccessTokens({
    read: async () => ({
      ...{ owner: 'mail_accounts/a', user: USER, method: 'xoauth2' as const, sealed: null, secretRef: null },
      ...{ source, token: kept.token ?? null },
    }),
    keep: async (fields) => {
      kept = { ...kept, ...fields };
    },
    context: () => ({ now: NOW, config }),
  });
  const mail: MailConfig = {
    ...{ host: '127.0.0.1', port: smtp.port, tls: 'none' as const, login: { user: USER, tokens } },
    ...{ limits: { connections: limits, perMinute: null }, from: { address: USER } },
    ...{ redirectTo: undefined, paused: false, key: 'k'.repeat(32) },
  };
  return { mail, config, kept: () => kept };
}
async function send({ mail }: { mail: MailConfig }) {
  const to = { address: 'ada@example.test' };
  const words = { locale: 'en' as const, subject: 's', text: 't', html: '<p>t</p>' };
  return await deliver(await compose({ key: 'm', to, ...words }, mail, NOW), mail, async () => true);
}

describe('an account with XOAUTH2', () => {
  it('gets a token once for several mails', async () => {
    const before = server.handedOut();
    const one = account(server.grant(USER));
    const ends = await Promise.all([send(one), send(one), send(one)]);
    expect(ends.map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent']);
    expect(server.handedOut() - before).toBe(1);
  });

  it('renews a token that the server refuses, once for all dialogues, and keeps it sealed', async () => {
    const one = account(server.grant(USER));
    await send(one);
    const before = server.handedOut();
    server.endAll();
    const ends = await Promise.all([send(one), send(one), send(one)]);
    expect(ends.map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent']);
    expect(server.handedOut() - before).toBe(1);
    expect(one.kept().token).toMatch(/^v1\./);
  });

  it('renews a token that the server challenges with 334', async () => {
    const one = account(server.grant(USER));
    await send(one);
    server.endAll();
    smtp.script = (step, { token }) =>
      step === 'auth' && token !== '' && server.userOf(token) === null
        ? '334 eyJzdGF0dXMiOiI0MDEifQ=='
        : null;
    expect(await send(one)).toMatchObject({ outcome: 'sent' });
  });

  it('tries a new token once only', async () => {
    smtp.script = (step) => (step === 'auth' ? REFUSED : null);
    const before = server.handedOut();
    const end = await send(account(server.grant(USER)));
    expect(end).toMatchObject({ outcome: 'system', phase: 'auth', fault: { kind: 'login_refused' } });
    expect([server.handedOut() - before, smtp.connections]).toEqual([2, 2]);
  });

  it('signs in by the client’s own credentials without a refresh token', async () => {
    const { refresh_token: _none, ...client } = server.grant(USER);
    expect(await send(account({ ...client, scope: USER }))).toMatchObject({ outcome: 'sent' });
    expect(server.grants.at(-1)).toBe('client_credentials');
  });

  it.each([
    [400, 'invalid_grant', 'consent_withdrawn', 'Testing'],
    [401, 'invalid_client', 'login_refused', 'secret'],
    [503, 'temporarily_unavailable', 'token_unavailable', 'temporarily_unavailable'],
  ])('says what a token server means with %i %s', async (status, error, kind, words) => {
    server.refuse({ status, error });
    const end = await send(account(server.grant(USER)));
    expect(end).toMatchObject({ outcome: 'system', phase: 'auth', fault: { kind } });
    expect(end.response).toContain(words);
    expect(smtp.mails).toEqual([]);
  });

  it('shows no token that a server repeats', async () => {
    smtp.script = (step, { token }) => (step === 'auth' ? `535 5.7.8 no: ${token}` : null);
    const one = account(server.grant(USER));
    const { response } = await send(one);
    const { credentials } = await resolveCredentials(
      {
        ...{ owner: 'mail_accounts/a', user: USER, method: 'xoauth2', sealed: null, secretRef: null },
        ...{ source: server.grant(USER), token: null },
      },
      { now: NOW, config: one.config },
    );
    expect(credentials.accessToken).toBeDefined();
    expect(response).toMatch(/^535 5\.7\.8 no: \*\*\*$/);
  });

  it('is tried without sending', async () => {
    const one = account(server.grant(USER));
    expect(await tryLogin(one.mail)).toMatchObject({ outcome: 'sent' });
    expect(smtp.mails).toEqual([]);
  });

  it('is not called on an address of the own network', async () => {
    const { mail } = account(server.grant(USER));
    const end = await send({ mail: { ...mail, guard: { local: false } } });
    expect(end).toMatchObject({ outcome: 'system', phase: 'connect', fault: { kind: 'host_forbidden' } });
    expect(smtp.connections).toBe(0);
  });
});
