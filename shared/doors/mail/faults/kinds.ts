import type { Phase } from '../phase.ts';

/** A refusal by a server, or a report (RFC 3464) about a mail that did not arrive. */
export interface RefusedMail {
  /** The step that was refused; `report` for a report. */
  phase: Phase | 'report';
  /** The three-digit reply code (RFC 5321); null in a report without one. */
  code: number | null;
  /** The enhanced status code (RFC 3463); null without one. */
  enhanced: string | null;
  /** The server's words. */
  text: string;
}

/** The party at fault in a refusal. `message`: this mail's content. `unclear`: the words do not say it. */
export type Blame = 'recipient' | 'sender' | 'account' | 'server' | 'message' | 'unclear';

interface KindFacts {
  whose: Blame;
  /** The same mail may arrive later without a change by anybody. */
  mayPass?: boolean;
  /** The code names the recipient's address beyond doubt, so a whole run of such refusals blames nobody else. */
  isExplicit?: boolean;
  /** Fewer connections or a slower pace may be enough. */
  isBusy?: boolean;
}

/** Every kind of refusal. The table of refusals, the effects and the words for people use no other. */
const KINDS = {
  // The recipient's address or mailbox.
  no_such_address: { whose: 'recipient', isExplicit: true },
  mailbox_disabled: { whose: 'recipient', isExplicit: true },
  address_refused: { whose: 'recipient' },
  takes_no_outside_mail: { whose: 'recipient' },
  mailbox_full: { whose: 'recipient', mayPass: true },
  recipient_later: { whose: 'recipient', mayPass: true },
  // The From of this mail.
  sender_refused: { whose: 'sender' },
  // The account that sends all mail.
  login_refused: { whose: 'account' },
  basic_auth_off: { whose: 'account' },
  smtp_auth_off: { whose: 'account' },
  app_password_needed: { whose: 'account' },
  /** The token server refuses the grant: a person must connect the account again. */
  consent_withdrawn: { whose: 'account' },
  /** The host has no public address. */
  host_forbidden: { whose: 'account' },
  relay_denied: { whose: 'account' },
  daily_limit: { whose: 'account', mayPass: true },
  sending_limit: { whose: 'account' },
  rate_limit: { whose: 'account', mayPass: true, isBusy: true },
  own_mailbox_full: { whose: 'account' },
  account_blocked: { whose: 'account' },
  address_blocked: { whose: 'account' },
  account_refused: { whose: 'account' },
  /** Recipients of many domains were refused alike, and nobody was accepted. */
  everybody_refused: { whose: 'account' },
  // The server that takes our mail.
  busy: { whose: 'server', mayPass: true, isBusy: true },
  server_fault: { whose: 'server', mayPass: true },
  no_answer: { whose: 'server', mayPass: true },
  /** The token server gives no access token for now. */
  token_unavailable: { whose: 'server', mayPass: true },
  // The content of one mail.
  message_refused: { whose: 'message' },
  unclear: { whose: 'unclear' },
} as const satisfies Record<string, KindFacts>;

export type FaultKind = keyof typeof KINDS;

/** A refusal as it was judged. */
export interface Fault extends Required<{ [Name in keyof Omit<KindFacts, 'whose'>]: boolean }> {
  kind: FaultKind;
  whose: Blame;
}

/** Returns a kind with all its facts. */
export function toFault(kind: FaultKind): Fault {
  const { whose, mayPass = false, isExplicit = false, isBusy = false }: KindFacts = KINDS[kind];
  return { kind, whose, mayPass, isExplicit, isBusy };
}
