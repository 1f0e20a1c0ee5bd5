import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config.ts';
import { HttpError } from '../http/errors.ts';
import type { Caller } from './caller.ts';

const SECRET: Caller = { kind: 'secret', id: null, claims: {} };

/**
 * Checks a cron secret. Throws 503 if none is configured and 403 if it is wrong. It compares every configured secret in
 * constant time and case-sensitively; digests make the lengths equal.
 */
export function checkSecret(sent: string, config: Config, where: string): Caller {
  if (config.cronSecrets.length === 0) {
    throw new HttpError(
      503,
      'No cron secret is configured here; set CRON_SECRET (at least 32 characters) or call with OIDC.',
      {
        check: `${where}: CRON_SECRET is not set`,
      },
    );
  }
  if (!isSecret(sent, config))
    throw new HttpError(403, 'The secret is wrong; it is case-sensitive.', {
      check: `${where}: wrong secret`,
    });
  return SECRET;
}

/** Returns true if a value is a configured cron secret. */
export function isSecret(sent: string, config: Config): boolean {
  const digest = sha256(sent);
  const matches = config.cronSecrets.map((secret) => timingSafeEqual(digest, sha256(secret)));
  return matches.includes(true);
}

/** Checks `?secret=S`. Google Cloud logs URLs, so it is allowed there only with ALLOW_QUERY_SECRET. */
export function checkQuerySecret(sent: string[], config: Config): Caller {
  if (sent.length !== 1)
    throw new HttpError(400, 'The parameter secret is given more than once; give it once.');
  if (!config.allowQuerySecret) {
    throw new HttpError(
      403,
      'A secret in the URL is refused, since URLs are logged; send X-Cron-Secret, or set ALLOW_QUERY_SECRET=true.',
      {
        check: 'query: ALLOW_QUERY_SECRET is not true',
      },
    );
  }
  // A query string reads `+` as a space, and no secret has one.
  return checkSecret((sent[0] ?? '').replaceAll(' ', '+'), config, 'query');
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
