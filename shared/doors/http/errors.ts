const CODES = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'payload_too_large',
  422: 'unprocessable_content',
  429: 'too_many_requests',
  500: 'internal',
  503: 'unavailable',
} as const;

export type ErrorStatus = keyof typeof CODES;

/** An error response: the status, a message for the caller, and a check for the log only. */
export class HttpError extends Error {
  readonly status: ErrorStatus;
  readonly details: unknown;
  readonly headers: Record<string, string>;
  /** The check that failed, for the log; it never holds a secret or a token. */
  readonly check: string;

  constructor(
    status: ErrorStatus,
    message: string,
    extra: { details?: unknown; headers?: Record<string, string>; check?: string } = {},
  ) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.details = extra.details;
    // RFC 9110, 15.5.2: a 401 must name a scheme.
    this.headers = { ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}), ...extra.headers };
    this.check = extra.check ?? message;
  }

  /** Returns the body of the error response. */
  body(): object {
    const details = this.details === undefined ? {} : { details: this.details };
    return { error: { code: CODES[this.status], message: this.message, ...details } };
  }
}
