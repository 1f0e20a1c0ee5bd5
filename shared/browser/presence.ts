import type { BrowserWindow } from './clock.ts';
import type { PresenceOptions } from './options.ts';
import { Pinger } from './pinger.ts';

export type { PresenceOptions };

export interface Presence {
  /** Ends this page's part. Other tabs continue, and the person stays logged in. */
  stop(): void;
  /**
   * Ends the session on the server and in all its tabs. Await it before the token is revoked. Returns false if the server
   * did not acknowledge it: the person then stays online until the last ping is too old.
   */
  logout(): Promise<boolean>;
}

/**
 * Reports that the person is present. Call it once per document, for a signed-in user. One visible tab of an account pings
 * every minute; hidden tabs never ping. It stops for good if any tab logs out, or if the server refuses the token.
 *
 * @example
 * const presence = keepPresence({ endpoint: '/v1', getToken: () => session.accessToken });
 */
export function keepPresence(options: PresenceOptions, w: BrowserWindow = window): Presence {
  const pinger = new Pinger(options, w);
  return { stop: () => pinger.stop(), logout: () => pinger.logout() };
}
