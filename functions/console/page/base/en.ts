/** The texts of the frame, and those that several features show, in English. */
export const en = {
  name: 'English',
  /** Between a name and its value. */
  colon: ': ',
  nav: {
    home: 'Home',
    settings: 'Settings',
    alerts: 'Alerts',
    followups: 'Follow-ups',
    inbox: 'Inbox',
    visits: 'Visits',
    presence: 'Presence',
    main: 'Pages',
    menu: 'Menu',
    search: 'Search',
    searchKey: 'Search ( / )',
    skip: 'Skip to the content',
    keys: (letter: string) => `Keys: g ${letter}`,
    shortcuts: 'Keys: / searches; g and the first letter of a page (g h: home) go there.',
    zone: (zone: string) => `Times are those of ${zone.replaceAll('_', ' ')}.`,
  },
  theme: { toDark: 'Dark theme', toLight: 'Light theme' },
  language: 'Language',
  signIn: {
    title: 'Administration console',
    intro: 'What ran, what did not, and what it did. For administrators only.',
    button: 'Sign in',
    out: 'Sign out',
    expired: 'Your session has ended. Sign in again to continue.',
    handed: 'You are signed in. Close this tab and go back to the previous one.',
    stays: 'Your entries are not lost. Sign in in a new tab, then continue here.',
    again: 'Sign in again',
    failed: 'Sign-in failed. Try again.',
    noIssuer: 'No issuer is configured: set AUTH_ISSUER and AUTH_AUDIENCE and deploy again.',
    unreachable: 'The sign-in service does not answer. Try again in a moment.',
  },
  state: {
    loading: 'Loading…',
    retry: 'Try again',
    detail: 'Technical detail',
    notFound: 'This page does not exist.',
    back: 'Home',
    outdated: 'Part of this page did not load. There may be a newer version.',
    reload: 'Reload the page',
    more: 'Show more',
    cancel: 'Cancel',
    stale: 'These figures may be out of date: the server does not answer.',
    close: 'Close',
    theirs: 'Discard mine and load',
  },
  error: {
    offline: 'The server cannot be reached. Check the connection and try again.',
    signedOut: 'Your session has ended.',
    forbidden: 'This account is not an administrator. Sign in with another one.',
    notHere: 'This does not exist yet, or no longer exists.',
    conflict: 'Somebody else has changed this. Reload it and try again.',
    invalid: 'The server does not accept this value. Correct it and try again.',
    unavailable: 'A service behind the console does not answer. Try again in a moment.',
    other: 'An error occurred on the server. Try again; its log has the cause.',
    badEmail: 'Enter an e-mail address such as name@example.com.',
  },
  outcome: {
    succeeded: 'succeeded',
    nothing_to_do: 'nothing to do',
    partial: 'partly failed',
    skipped_overlap: 'skipped: another run was in progress',
    deduplicated: 'already done',
    dispatched: 'dispatched',
    failed: 'failed',
    abandoned: 'interrupted',
    running: 'running',
  },
};

/** The shape of the texts in every language. */
export type Widened<T> = T extends string
  ? string
  : T extends (...given: infer A) => string
    ? (...given: A) => string
    : { [K in keyof T]: Widened<T[K]> };

/** The texts that each language must have. */
export type Texts = Widened<typeof en>;
