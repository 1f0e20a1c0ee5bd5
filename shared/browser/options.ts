/** Returns the user's token; `refresh` says that the last one was refused. Null: nobody is signed in yet. */
export type GetToken = (refresh: boolean) => TokenAnswer | Promise<TokenAnswer>;
export type TokenAnswer = string | null | undefined;

interface ClientOptions {
  /**
   * Returns the user's token, best from memory; `true` says that the last one was refused. Null: nobody is signed in yet,
   * and the client asks again at the next navigation, focus or heartbeat.
   */
  getToken: GetToken;
  /** A person without any input for this many minutes is idle; 10 by default. */
  idleMinutes?: number | undefined;
}

export interface TrackOptions extends ClientOptions {
  /** The address of the visits function, `https://HOST/api/v1/visits`. */
  endpoint: string;
  /**
   * The page's path, if the address does not show it. Then only `navigate` changes it; otherwise the address counts: its
   * path, and its fragment if that begins with `#/`. The query is never reported.
   */
  path?: string | undefined;
  /** The page's title; false reports none, and without it the document's title counts. */
  title?: string | false | undefined;
  /** Returns the path to report, for example without ids and tokens. Null: this page is not tracked. */
  mapPath?: ((path: string) => string | null) | undefined;
  /** True tracks also if the browser sends Global Privacy Control. */
  ignorePrivacySignal?: boolean | undefined;
}

export interface PresenceOptions extends ClientOptions {
  /** The address below which the presence function answers, `https://HOST/v1`. */
  endpoint: string;
  /**
   * Called if the presence ends other than by this page's own `stop` or `logout`: the person logged out in another tab, or
   * the server refused the token. The client then waits for `login` or for another session.
   */
  onEnd?: ((reason: 'logout' | 'denied') => void) | undefined;
}

/** The idle time by default, in minutes. */
export const IDLE_MINUTES = 10;
