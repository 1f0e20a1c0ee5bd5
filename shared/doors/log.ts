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

/**
 * Returns the trace fields of a request, by which Cloud Logging groups its lines.
 * Reads `traceparent` (W3C) or `X-Cloud-Trace-Context` (TRACE/SPAN;o=1).
 */
export function traceFields(headers: Record<string, unknown>, project: string): object {
  const w3c = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-/.exec(String(headers.traceparent ?? ''));
  const legacy = /^([\da-f]{32})(?:\/(\d+))?/.exec(String(headers['x-cloud-trace-context'] ?? ''));
  const trace = w3c?.[1] ?? legacy?.[1];
  if (!trace) return {};
  return { 'logging.googleapis.com/trace': `projects/${project}/traces/${trace}` };
}
