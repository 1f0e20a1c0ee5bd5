import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { type HttpRequest, location } from '../../../../shared/doors/http/request.ts';

it.each([
  ['/', '/'],
  ['//', '/'],
  ['//other.example/path', '//other.example/path'],
  ['/api/v1/visits/?x=1', '/api/v1/visits'],
])('the path of %s is %s, whatever it begins with', (url, path) => {
  const request = Object.assign(new IncomingMessage(new Socket()), { method: 'POST', url });
  expect(location(request as HttpRequest).path).toBe(path);
});
