import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import * as z from 'zod';
import { maskSecrets } from '../../../doors/mail/mask-secrets.ts';
import { within } from '../../../doors/time/within.ts';
import { MailboxError } from '../imap/connection.ts';
import { failureOf } from '../imap/failure.ts';
import { ForbiddenHost, publicAddress } from '../imap/public-address.ts';
import type { Refreshable } from './credential-source.ts';

const ANSWER_MS = 10_000;
/** A token has a few kilobytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Where the server does not say how long its token lives (RFC 6749, 5.1 recommends that it does). */
const DEFAULT_LIFE_S = 600;
/** A token is renewed this long before its end, so that it lives for the sync. */
const MARGIN_MS = 60_000;

const granted = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
});
const refused = z.object({ error: z.string().max(100), error_description: z.string().max(300).optional() });

export interface AccessToken {
  access_token: string;
  /** Milliseconds since the epoch, with a margin. */
  expires_at: number;
  /** The refresh token to be used from now on: some servers give a new one each time. */
  refresh_token: string;
}

/** Gets an access token (RFC 6749, 6). Throws a MailboxError: `auth` where a person must sign in again. */
export async function renewAccessToken(source: Refreshable, now: Date, local: boolean): Promise<AccessToken> {
  const { refresh_token, client_id, client_secret, token_url } = source;
  const secrets = [refresh_token, client_secret ?? ''];
  const form = new URLSearchParams({
    ...{ grant_type: 'refresh_token', refresh_token, client_id },
    ...(client_secret === undefined ? {} : { client_secret }),
  });
  const answer = await within(ANSWER_MS, 'The token server', post(new URL(token_url), form, local)).catch(
    (error: unknown) => {
      if (error instanceof ForbiddenHost)
        throw new MailboxError({ kind: 'host', detail: error.message }, error);
      throw new MailboxError(failureOf(error, null, secrets), error);
    },
  );
  const body = parsed(answer.body);
  const success = answer.status === 200 ? granted.safeParse(body).data : undefined;
  if (!success) throw refusal(answer.status, body, secrets);
  return {
    access_token: success.access_token,
    expires_at: now.getTime() + (success.expires_in ?? DEFAULT_LIFE_S) * 1_000 - MARGIN_MS,
    refresh_token: success.refresh_token ?? refresh_token,
  };
}

/** RFC 6749, 5.2: a refused grant needs a person; anything else is the server's trouble. */
function refusal(status: number, body: unknown, secrets: readonly string[]): MailboxError {
  const { error, error_description } = refused.safeParse(body).data ?? {};
  const said = [error, error_description].filter(Boolean).join(': ');
  const why = maskSecrets(said, secrets) || `HTTP ${status}`;
  const kind = error !== undefined && status >= 400 && status < 500 && status !== 429 ? 'auth' : 'busy';
  return new MailboxError({ kind, detail: `the token server refuses: ${why}` }, null);
}

/** Posts a form to the address that the host's name has now, and to no other; redirects are not followed. */
async function post(
  url: URL,
  form: URLSearchParams,
  local: boolean,
): Promise<{ status: number; body: string }> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = await publicAddress(host, local);
  if (url.protocol !== 'https:' && !local)
    throw new Error(`${url.origin} is not https; give an https address`);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
        timeout: ANSWER_MS,
        signal: AbortSignal.timeout(ANSWER_MS),
        lookup: (_name, options, done) =>
          options.all ? done(null, [{ address, family: isIP(address) }]) : done(null, address, isIP(address)),
      },
      (response) => {
        readBounded(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    // The signal ends an answer that trickles for ever, which no time-out between two octets does.
    request.once('error', reject).once('timeout', () => request.destroy(new Error('no answer in time')));
    request.end(form.toString());
  });
}

/** Reads an answer to its end. Throws over MAX_ANSWER_BYTES, and closes the connection. */
async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection.
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
