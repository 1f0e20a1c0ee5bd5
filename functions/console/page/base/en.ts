/** The texts of the frame, and those that several features show, in English. */
export const en = {
  name: 'English',
  /** Between a name and what it is. */
  colon: ': ',
  nav: {
    rounds: 'Rounds',
    settings: 'Settings',
    alerts: 'Alerts',
    followups: 'Follow-ups',
    inbox: 'Inbox',
    visits: 'Visits',
    presence: 'Presence',
    main: 'Pages',
    skip: 'Skip to the content',
  },
  theme: { toDark: 'Dark theme', toLight: 'Light theme' },
  language: 'Language',
  signIn: {
    title: 'The night watchman’s console',
    intro: 'What ran, what did not, and what it did. For administrators only.',
    button: 'Sign in',
    out: 'Sign out',
    expired: 'Your session has ended. Sign in again to go on.',
    handed: 'You are signed in. Close this tab, and go on in the one before.',
    stays: 'Nothing of what you have typed is lost: you sign in in a new tab, and go on here.',
    again: 'Sign in again',
    failed: 'Signing in did not succeed. Try again.',
    noIssuer: 'No issuer is configured: set AUTH_ISSUER and AUTH_AUDIENCE and deploy again.',
    unreachable: 'The sign-in service does not answer. Try again in a moment.',
  },
  state: {
    loading: 'Loading…',
    retry: 'Try again',
    detail: 'Technical detail',
    notFound: 'This page does not exist.',
    back: 'Back to the rounds',
    outdated: 'A part of this page could not be loaded. Perhaps there is a newer version.',
    reload: 'Load the page anew',
    more: 'Show more',
    cancel: 'Cancel',
    stale: 'These figures may be out of date: the server does not answer.',
    close: 'Close',
    theirs: 'Load theirs',
  },
  error: {
    offline: 'The server cannot be reached. Check the connection and try again.',
    signedOut: 'Your session has ended.',
    forbidden: 'This account is no administrator. Sign in with another one.',
    notHere: 'This does not exist here yet, or not any more.',
    conflict: 'Somebody else has changed this meanwhile.',
    invalid: 'The server does not accept this value.',
    unavailable: 'A service behind the console does not answer. Try again in a moment.',
    other: 'Something went wrong on the server; its log has the reason.',
    badEmail: 'Enter an e-mail address such as name@example.com.',
  },
  outcome: {
    succeeded: 'succeeded',
    nothing_to_do: 'nothing to do',
    partial: 'partly failed',
    skipped_overlap: 'skipped, another run was at work',
    deduplicated: 'already done',
    dispatched: 'handed on',
    failed: 'failed',
    abandoned: 'broken off',
    running: 'running',
  },
};

/** The shape of texts in whatever language. */
export type Widened<T> = T extends string
  ? string
  : T extends (...given: infer A) => string
    ? (...given: A) => string
    : { [K in keyof T]: Widened<T[K]> };

/** The texts that each language must have. */
export type Texts = Widened<typeof en>;
