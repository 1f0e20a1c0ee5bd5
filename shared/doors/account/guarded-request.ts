import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { publicAddress } from './public-address.ts';

/** A request to an address that an administrator typed. */
export interface GuardedPost {
  headers: Record<string, string>;
  body: string;
  /** The local cloud: loopback hosts and plain HTTP are allowed. */
  local: boolean;
  /** For the whole: an answer that trickles for ever ends too. */
  timeoutMs: number;
  /** The most that is read of an answer; 0 reads the status only. */
  maxBytes: number;
}

/**
 * Posts to the address that the host's name has now, and to no other: a name cannot mean one address when it is checked and
 * another when it is called. It follows no redirect. Throws ForbiddenHost for an address that is not public, and an error for
 * a longer answer, whose connection is closed.
 */
export async function postGuarded(
  url: URL,
  { headers, body, local, timeoutMs, maxBytes }: GuardedPost,
): Promise<{ status: number; body: string }> {
  const address = await publicAddress(url.hostname.replace(/^\[|\]$/g, ''), local);
  if (url.protocol !== 'https:' && !local)
    throw new Error(`${url.origin} is not https; give an https address`);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const family = isIP(address);
  return await new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers,
        timeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
        lookup: (_name, options, done) =>
          options.all ? done(null, [{ address, family }]) : done(null, address, family),
      },
      (response) => {
        readBounded(response, maxBytes).then(
          (text) => resolve({ status: response.statusCode ?? 0, body: text }),
          reject,
        );
      },
    );
    request.once('error', reject).once('timeout', () => request.destroy(new Error('no answer in time')));
    request.end(body);
  });
}

/** Reads an answer to its end. Throws over `maxBytes`. */
async function readBounded(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (maxBytes === 0) {
    response.destroy();
    return '';
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the connection.
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
