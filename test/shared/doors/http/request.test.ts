import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { type HttpRequest, location } from '../../../../shared/doors/http/request.ts';

const asked = (url: string) =>
  Object.assign(new IncomingMessage(new Socket()), { method: 'POST', url }) as HttpRequest;

it.each([
  [`/v1/admin${'/'.repeat(15_000)}x`, 'The path has 15010 characters; at most 2048 are accepted.'],
  ['*', 'The address of this request is no path; begin it with a slash.'],
  ['http://ronde.test:99999/x', 'The address of this request is no path; begin it with a slash.'],
])('the path of %.20s is refused', (url, message) => {
  expect(() => location(asked(url))).toThrow(message);
});

it('a query string does not count for the length of the path', () => {
  expect(location(asked(`/x?q=${'a'.repeat(3_000)}`)).path).toBe('/x');
});

it.each([
  ['/', '/'],
  ['//', '/'],
  ['//other.example/path', '//other.example/path'],
  ['/api/v1/visits/?x=1', '/api/v1/visits'],
])('the path of %s is %s, whatever it begins with', (url, path) => {
  expect(location(asked(url)).path).toBe(path);
});
