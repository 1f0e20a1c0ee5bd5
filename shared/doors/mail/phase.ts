/** The steps of an SMTP dialogue. `data` is the command and its 354, `body` everything from the body's first byte on. */
export type Phase = 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';
