import { describe, expect, it } from 'vitest';
import { createMatcher, partsOf } from '../../../../shared/doors/http/path-pattern.ts';

describe('a path pattern', () => {
  it.each<[string, string, object | null]>([
    ['/', '/', {}],
    ['/runs', '/runs', {}],
    ['/runs', '/Runs', null],
    ['/runs', '/runs/x', null],
    ['/runs/{id}', '/runs/x', { id: 'x' }],
    ['/runs/{id}', '/runs/a%40b', { id: 'a@b' }],
    ['/runs/{id}', '/runs', null],
    ['/runs/{id}', '/runs//', null],
    ['/runs/{id}', '/runs/a%2Fb', null],
    ['/runs/{id}', '/runs/%zz', null],
    ['/runs/{id}', '/runs/__x__', null],
    ['/runs/{id}/log/{part}', '/runs/x/log/2', { id: 'x', part: '2' }],
    ['/{id=*}/end', '/a%2Fb/end', { id: 'a%2Fb' }],
    ['/{id=*}/end', '/%zz/end', { id: '%zz' }],
    ['/{id=*}/end', '//end', null],
    ['/{id=*}/end', '/a/b/end', null],
    ['/o/{signed=**}', '/o/x', { signed: 'x' }],
    ['/o/{signed=**}', '/o/x%2F/y', { signed: 'x%2F/y' }],
    ['/o/{signed=**}', '/o//x', { signed: '/x' }],
    ['/o/{signed=**}', '/o', null],
  ])('%s with %s gives %j', (pattern, path, values) => {
    expect(createMatcher(pattern).match(partsOf(path))).toEqual(values);
  });

  it('ranks behind another with fewer variables, and last if it takes the rest of the path', () => {
    const patterns = ['/a/{rest=**}', '/a/{x}/{y}', '/a/b', '/a/{x}'];
    const ranked = patterns.toSorted((one, other) => createMatcher(one).rank - createMatcher(other).rank);
    expect(ranked).toEqual(['/a/b', '/a/{x}', '/a/{x}/{y}', '/a/{rest=**}']);
  });
});
