import type { BrowserWindow } from './clock.ts';
import { checkOptions, shield } from './host.ts';
import type { PresenceOptions } from './options.ts';
import { Pinger } from './pinger.ts';

export type { PresenceOptions };

export interface Presence {
  /**
   * Reports that the person signed in. Call it after a sign-in, not on every page: with single sign-on the new session may
   * have the name of one that was logged out. Returns false if the server did not acknowledge it.
   */
  login(): Promise<boolean>;
  /** Ends this page's part. Other tabs continue, and the person stays logged in. */
  stop(): void;
  /**
   * Ends the session on the server and in all its tabs, which then wait for another one. Await it before the token is
   * revoked. Returns false if the server did not acknowledge it: the person then stays online until the last ping is too
   * old.
   */
  logout(): Promise<boolean>;
}

/** The presence of this document, shared by all copies of the module. */
const CURRENT = Symbol.for('ronde.presence');

/**
 * Reports that the person is present. A second call in a document replaces the first. One visible tab of an account pings
 * every minute; hidden tabs never ping. Without a token, or with one that the server refused, it waits for another. It never
 * throws.
 *
 * @example
 * const presence = keepPresence({ endpoint: '/v1', getToken: () => session.accessToken });
 */
export function keepPresence(options: PresenceOptions, w: BrowserWindow = window): Presence {
  const page = w as { [CURRENT]?: Pinger | undefined };
  const pinger = shield(w, () => {
    checkOptions(options, w);
    page[CURRENT]?.stop();
    return new Pinger(options, w);
  });
  page[CURRENT] = pinger;
  return {
    login: async () => (await pinger?.login()) ?? false,
    stop: () => void shield(w, () => pinger?.stop()),
    logout: async () => (await pinger?.logout()) ?? false,
  };
}
