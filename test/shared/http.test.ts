import { expect, it } from 'vitest';
import { location } from '../../shared/http/request.ts';

it.each([
  ['/', '/'],
  ['//', '/'],
  ['//other.example/path', '//other.example/path'],
  ['/api/v1/visits/?x=1', '/api/v1/visits'],
])('the path of %s is %s, whatever it begins with', (url, path) => {
  const request = { method: 'POST', url, headers: {}, socket: {} };
  expect(location(request).path).toBe(path);
});
