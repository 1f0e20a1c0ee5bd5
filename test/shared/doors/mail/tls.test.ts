import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalSmtp, startSmtp } from '../../../../infra/local/smtp/smtp.ts';
import { deliver } from '../../../../shared/doors/mail/deliver.ts';
import { compose } from '../../../../shared/doors/mail/message.ts';
import type { MailConfig } from '../../../../shared/doors/mail/settings.ts';
import { makeCertificate } from '../../../support/certificate.ts';

const NOW = new Date('2026-03-04T10:00:00.000Z');
const login = { user: 'ronde', password: 'correct-horse' };
const trustedBefore = getCACertificates('default');
const certificate = makeCertificate();
let starttls: LocalSmtp;
let implicit: LocalSmtp;
let plain: LocalSmtp;

beforeAll(async () => {
  const options = { clock: () => NOW, login, loginRequired: true };
  starttls = await startSmtp({ ...options, tls: certificate });
  implicit = await startSmtp({ ...options, tls: certificate, secure: true });
  plain = await startSmtp(options);
});
afterAll(async () => {
  setDefaultCACertificates(trustedBefore);
  for (const smtp of [starttls, implicit, plain]) await smtp.stop();
});
beforeEach(() => setDefaultCACertificates([...trustedBefore, certificate.cert]));

async function send(smtp: LocalSmtp, tls: MailConfig['tls'], host = 'localhost') {
  const config: MailConfig = {
    host,
    port: smtp.port,
    tls,
    login,
    limits: { connections: 8, perMinute: null },
    from: { address: 'noreply@ronde.test' },
    redirectTo: undefined,
    paused: false,
    key: 'k'.repeat(32),
  };
  const to = { address: 'ada@example.test' };
  const mail = await compose(
    { key: 'm', to, locale: 'en', subject: 's', text: 't', html: '<p>t</p>' },
    config,
    NOW,
  );
  smtp.clear();
  const delivery = await deliver(mail, config, async () => true);
  return { ...delivery, arrived: smtp.mails().length };
}

describe('an encrypted connection', () => {
  it('is made by STARTTLS before the password is sent', async () => {
    expect(await send(starttls, 'starttls')).toMatchObject({ outcome: 'sent', arrived: 1 });
  });

  it('is made from the first byte on a port of implicit TLS', async () => {
    expect(await send(implicit, 'implicit')).toMatchObject({ outcome: 'sent', arrived: 1 });
  });

  it.each(['starttls', 'implicit'] as const)(
    'by %s is refused when nobody vouches for the certificate',
    async (tls) => {
      setDefaultCACertificates(trustedBefore);
      const smtp = tls === 'starttls' ? starttls : implicit;
      expect(await send(smtp, tls)).toMatchObject({ outcome: 'system', phase: 'starttls', arrived: 0 });
    },
  );

  it('is refused when the certificate is another host’s', async () => {
    expect(await send(starttls, 'starttls', '127.0.0.1')).toMatchObject({
      outcome: 'system',
      phase: 'starttls',
      arrived: 0,
    });
  });

  it('is never given up for a plain one where it is required', async () => {
    expect(await send(plain, 'starttls')).toMatchObject({ outcome: 'system', phase: 'starttls', arrived: 0 });
  });
});
