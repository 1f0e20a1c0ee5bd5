import { z } from 'zod';
import { normaliseAddress } from '../../../shared/doors/mail/address.ts';
import { callAdmin } from '../admin-call.ts';
import { findTarget } from '../target.ts';
import { type Terminal, toPrintable } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const report = z.looseObject({
  ok: z.boolean(),
  to: z.string(),
  messages: z.object({ en: z.string() }),
  response: z.string().nullable(),
});

/** Sends one test mail with the deployed (or local) settings. Returns 1 if the server does not accept it. */
export async function sendTestEmail(
  address: string,
  { locale = 'en', json }: { locale?: string; json?: true },
  { print }: Terminal,
): Promise<number> {
  if (normaliseAddress(address) === null)
    throw new UsageError(
      `${JSON.stringify(address)} is not an e-mail address; give one such as name@example.com.`,
    );
  if (locale !== 'fr' && locale !== 'en')
    throw new UsageError(`--locale ${JSON.stringify(locale)} is not legal; give fr or en.`);
  const target = await findTarget();
  const body = { to: address, locale };
  const found = await callAdmin(target, report, { method: 'POST', path: '/tickets/alerts/test-email', body });
  if (json) print(JSON.stringify(found, null, 2));
  else {
    print(found.messages.en);
    if (found.response) print(toPrintable(`The server said: ${found.response}`));
  }
  return found.ok ? 0 : 1;
}
