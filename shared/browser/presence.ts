import type { BrowserWindow } from './clock.ts';
import { Pinger, type PresenceOptions } from './pinger.ts';

export type { PresenceOptions };

export interface Presence {
  /** Ends this page's part; the other tabs go on, and the person stays logged in. */
  stop(): void;
  /**
   * Ends the session on the server and in every tab of it; wait for it before the token is revoked. False where the
   * server has not acknowledged it: it then takes the person for online until the last ping is too old.
   */
  logout(): Promise<boolean>;
}

/**
 * Shows that the person is here: call it once per document, where somebody is signed in. Of all the tabs of an account
 * one visible tab pings, every minute; hidden ones never do, and the first to be shown again does so at once if a ping
 * is due. It stops for good at the logout of any tab, and when the token is refused.
 *
 * @example
 * const presence = keepPresence({ endpoint: '/v1', getToken: () => session.accessToken });
 */
export function keepPresence(options: PresenceOptions, w: BrowserWindow = window): Presence {
  const pinger = new Pinger(options, w);
  return { stop: () => pinger.stop(), logout: () => pinger.logout() };
}
