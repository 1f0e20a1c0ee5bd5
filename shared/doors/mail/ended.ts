import type { CredentialFault, CredentialFaultKind } from '../account/fault.ts';
import { ForbiddenHost } from '../account/public-address.ts';
import type { Dialogue } from './dialogue.ts';
import { faultOf } from './faults/fault.ts';
import { type FaultKind, toFault } from './faults/kinds.ts';
import { type Delivery, outcomeOf, outcomeWithoutAnswer, parseReply } from './outcome.ts';
import type { Phase } from './phase.ts';

const CREDENTIAL_FAULTS: Readonly<Record<CredentialFaultKind, FaultKind>> = {
  consent: 'consent_withdrawn',
  client: 'login_refused',
  credentials: 'login_refused',
  host: 'host_forbidden',
  busy: 'token_unavailable',
  network: 'token_unavailable',
};

/** Returns the end of a delivery whose account may not be called or has no token. Null if neither is the cause. */
export function withoutLogin(
  error: unknown,
  credentials: CredentialFault | null | undefined,
): Delivery | null {
  const end = (phase: Phase, kind: FaultKind, response: string): Delivery => {
    const fault = toFault(kind);
    return { outcome: outcomeOf(fault), phase, code: null, response, fault };
  };
  if (credentials) return end('auth', CREDENTIAL_FAULTS[credentials.kind], credentials.message);
  return error instanceof ForbiddenHost ? end('connect', 'host_forbidden', error.message) : null;
}

/** nodemailer's errors: the code of the step, the system's code, the command, the server's answer. */
export type Failure = Error & { command?: string; response?: string; code?: string; originalCode?: string };

/** A certificate that is not trusted, or a required TLS that is missing: the settings or the server are at fault. */
const DISTRUST = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;

/** Returns the end of a delivery by nodemailer's error. `started`: the body had begun. */
export function toDelivery(failure: Failure, dialogue: Dialogue, started: boolean): Delivery {
  const said = failure.response;
  const phase = started ? 'body' : commandPhase(failure.command, said ? dialogue.answered : dialogue.waiting);
  const response = said ?? failure.message;
  if (!said && (failure.code === 'EAUTH' || DISTRUST.test(failure.originalCode ?? ''))) {
    const at = failure.code === 'EAUTH' ? 'auth' : 'starttls';
    const fault = toFault(at === 'auth' ? 'login_refused' : 'server_fault');
    return { outcome: 'system', phase: at, code: null, response, fault };
  }
  const reply = said ? parseReply(said) : { code: null, enhanced: null };
  if (reply.code === null || reply.code < 400)
    return { outcome: outcomeWithoutAnswer(phase), phase, code: reply.code, response, fault: null };
  const fault = faultOf({ phase, ...reply, text: response.replace(/\s+/g, ' ') });
  return { outcome: outcomeOf(fault), phase, code: reply.code, response, fault };
}

/** Returns the phase of the command that an error names; CONN and API name none. */
function commandPhase(command: string | undefined, otherwise: Phase): Phase {
  const [verb = ''] = (command ?? '').split(' ');
  const phases: Record<string, Phase> = {
    AUTH: 'auth',
    MAIL: 'mail',
    RCPT: 'rcpt',
    DATA: 'data',
    EHLO: 'ehlo',
  };
  return phases[verb] ?? otherwise;
}
