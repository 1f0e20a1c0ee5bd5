/** The greatest TCP port. */
export const MAX_PORT = 65_535;
/** RFC 8314 and RFC 9051: TLS at once on 993, STARTTLS on 143. */
export const PORTS = { tls: 993, starttls: 143 } as const;
/** Every server has it (RFC 9051, 5.1); a mailbox synchronises it alone unless more is chosen. */
export const FIRST_FOLDER = 'INBOX';
