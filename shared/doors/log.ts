import { type DestinationStream, pino } from 'pino';

/** Cloud Logging's names for pino's levels (https://cloud.google.com/logging/docs/structured-logging). */
const SEVERITY: Record<string, string> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Makes a log of JSON lines for Cloud Logging: `severity`, `message`, `time`, and the caller's fields. */
export function createLog(destination?: DestinationStream): Log {
  const options = {
    messageKey: 'message',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ severity: SEVERITY[label] ?? 'DEFAULT' }) },
  };
  return destination ? pino(options, destination) : pino(options, pino.destination({ dest: 1, sync: true }));
}

/** Marks a line without a stack as an error event of Error Reporting, whose format this is. */
export const ERROR_EVENT = {
  '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
} as const;

const PREFIX = 'logging.googleapis.com';

/**
 * Returns the trace fields of a request, by which Cloud Logging groups its lines and Cloud Trace finds them: the trace, the
 * caller's span in 16 hexadecimal digits, and true if the trace is sampled.
 * Reads `traceparent` (W3C) or `X-Cloud-Trace-Context` (TRACE/SPAN;o=1, with a decimal span).
 */
export function traceFields(headers: Record<string, unknown>, project: string): object {
  const w3c = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/.exec(String(headers.traceparent ?? ''));
  if (w3c) return toFields(project, w3c[1] ?? '', w3c[2], Number.parseInt(w3c[3] ?? '', 16) % 2 === 1);
  const legacy = /^([\da-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?/.exec(
    String(headers['x-cloud-trace-context'] ?? ''),
  );
  if (!legacy) return {};
  const span = legacy[2] === undefined ? undefined : BigInt(legacy[2]).toString(16).padStart(16, '0');
  return toFields(project, legacy[1] ?? '', span, legacy[3] === '1');
}

function toFields(project: string, trace: string, span: string | undefined, isSampled: boolean): object {
  return {
    [`${PREFIX}/trace`]: `projects/${project}/traces/${trace}`,
    ...(span === undefined ? {} : { [`${PREFIX}/spanId`]: span }),
    [`${PREFIX}/trace_sampled`]: isSampled,
  };
}
