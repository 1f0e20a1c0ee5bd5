import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { type HttpRequest, jsonBody, location } from '../../../../shared/doors/http/request.ts';

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
  ['http://ronde.example/api/v1/visits?x=1', '/api/v1/visits'],
  ['HTTPS://ronde.example', '/'],
])('the path of %s is %s, whatever it begins with', (url, path) => {
  expect(location(asked(url)).path).toBe(path);
});

function bodyOf(text: string): HttpRequest {
  const request = new IncomingMessage(new Socket());
  request.push(Buffer.from(text));
  request.push(null);
  return request as HttpRequest;
}

it('reads JSON with a byte order mark', async () => {
  expect(await jsonBody(bodyOf('\uFEFF{"a":1}'))).toEqual({ a: 1 });
});

it.each([
  ['{"a":"\\ud83d"}', '\uFFFD'],
  ['{"a":"\\uD83D\\uDE00"}', '😀'],
  ['{"a":"😀"}', '😀'],
])('reads %s as well-formed text', async (text, a) => {
  expect(await jsonBody(bodyOf(text))).toEqual({ a });
});

it('answers 400 and not a fault of its own if the client goes away while it sends', async () => {
  const request = new IncomingMessage(new Socket());
  const body = jsonBody(request as HttpRequest);
  request.push(Buffer.from('{"a":'));
  request.destroy(new Error('aborted'));
  await expect(body).rejects.toMatchObject({ status: 400, message: 'The body was cut off; send it again.' });
});

it('refuses a body that comes an octet at a time, however long that lasts, and closes the connection', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const request = new IncomingMessage(new Socket());
  const refused = expect(jsonBody(request as HttpRequest)).rejects.toMatchObject({
    status: 400,
    message: 'The body did not end within 15 s; send it faster.',
    headers: { Connection: 'close' },
  });
  for (let second = 0; second < 15; second += 1) {
    request.push(' ');
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await refused;
  vi.useRealTimers();
});
