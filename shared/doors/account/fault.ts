/**
 * Causes for which an account has no credentials to sign in with:
 * - `consent`: the token server refuses the grant; a person must connect the account again.
 * - `client`: the token server refuses the client id, its secret or the request.
 * - `busy`: the token server or Secret Manager cannot answer now.
 * - `network`: no answer; `cause` says why.
 * - `host`: the token server's address is not public.
 * - `credentials`: the stored credentials do not open or cannot be read.
 */
export type CredentialFaultKind = 'consent' | 'client' | 'busy' | 'network' | 'host' | 'credentials';

/** Thrown if an account's credentials cannot be resolved. The message never holds a secret. */
export class CredentialFault extends Error {
  readonly kind: CredentialFaultKind;
  constructor(kind: CredentialFaultKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CredentialFault';
    this.kind = kind;
  }
}
