import type { GetToken } from './caller.ts';

export interface TrackOptions {
  /** The address of the visits function, `https://HOST/api/v1/visits`. */
  endpoint: string;
  /** Returns the user's token, best from memory; `true` says that the last one was refused. Null: nobody is signed in. */
  getToken: GetToken;
  /**
   * The page's path, if the address does not show it. Then only `navigate` changes it; otherwise the address's pathname
   * counts, and pushState, replaceState and popstate are followed. The query is never reported.
   */
  path?: string | undefined;
  title?: string | undefined;
}

export interface PresenceOptions {
  /** The address below which the presence function answers, `https://HOST/v1`. */
  endpoint: string;
  /** Returns the user's token, best from memory; `true` says that the last one was refused. Null: nobody is signed in. */
  getToken: GetToken;
  /**
   * Called once if the presence ends other than by this page's own `stop` or `logout`: the person logged out in another
   * tab, or the server refused the token.
   */
  onEnd?: ((reason: 'logout' | 'denied') => void) | undefined;
}
