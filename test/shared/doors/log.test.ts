import { expect, it } from 'vitest';
import { traceFields } from '../../../shared/doors/log.ts';

const TRACE = 'a'.repeat(32);
const at = (more: object) => ({ 'logging.googleapis.com/trace': `projects/p/traces/${TRACE}`, ...more });
const fields = (spanId: string | null, isSampled: boolean) =>
  at({
    ...(spanId === null ? {} : { 'logging.googleapis.com/spanId': spanId }),
    'logging.googleapis.com/trace_sampled': isSampled,
  });

it.each<[string, Record<string, string>, object]>([
  ['sampled W3C', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }, fields('00f067aa0ba902b7', true)],
  ['unsampled W3C', { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` }, fields('00f067aa0ba902b7', false)],
  ['a later flag', { traceparent: `00-${TRACE}-00f067aa0ba902b7-02` }, fields('00f067aa0ba902b7', false)],
  [
    'a decimal span',
    { 'x-cloud-trace-context': `${TRACE}/67667974448284343;o=1` },
    fields('00f067aa0ba902b7', true),
  ],
  [
    'the largest span',
    { 'x-cloud-trace-context': `${TRACE}/18446744073709551615;o=0` },
    fields('f'.repeat(16), false),
  ],
  ['a trace alone', { 'x-cloud-trace-context': TRACE }, fields(null, false)],
  [
    'W3C first',
    { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'x-cloud-trace-context': 'b'.repeat(32) },
    fields('00f067aa0ba902b7', true),
  ],
  ['no trace', { traceparent: 'nonsense', 'x-cloud-trace-context': '/1;o=1' }, {}],
])('reads %s of a request', (_name, headers, expected) => {
  expect(traceFields(headers, 'p')).toEqual(expected);
});
