import { tryLogin } from '../../doors/mail/deliver.ts';
import type { FaultKind } from '../../doors/mail/faults/kinds.ts';
import { REMEDIES } from '../../doors/mail/faults/remedies.ts';
import type { Phase } from '../../doors/mail/phase.ts';
import type { MailConfig } from '../../doors/mail/settings.ts';

/** The result of trying an account. */
export interface MailAccountReport {
  ok: boolean;
  /** The cause of a failure, with the words of the server or the network, and the remedy in both languages. */
  error: {
    kind: FaultKind;
    phase: Phase;
    detail: string;
    remedies: { en: string; fr: string };
  } | null;
}

/** Signs in to an account and sends nothing. */
export async function tryAccount(config: MailConfig): Promise<MailAccountReport> {
  const { outcome, phase, response, fault } = await tryLogin(config);
  if (outcome === 'sent') return { ok: true, error: null };
  const kind = fault?.kind ?? 'no_answer';
  return { ok: false, error: { kind, phase, detail: response ?? 'no answer', remedies: REMEDIES[kind] } };
}
