import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const MAX_LINES = 200;
const MAX_FILES = 25;
const MAX_PARAMETERS = 4;

const listFiles = (...paths: string[]): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...paths], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '');
const product = listFiles('functions', 'shared', 'infra');
const code = product.filter((path) => /\.tsx?$/.test(path));
const tests = listFiles('test').filter((path) => /\.tsx?$/.test(path));
/** The page's own words are texts for people: they follow the same rules, in each language's own way. */
const isPageText = (path: string) => /\/(texts(\.|\/)|words\.ts$)|\/page\/base\/(en|fr)\.ts$/.test(path);
const readLines = (path: string) => readFileSync(join(ROOT, path), 'utf8').split('\n');

/** A comment that begins so hides its subject: its reader learns last what it is about. */
const HIDDEN_SUBJECT = /^\s*(\/\*\*|\*|\/\/) ?(What|Who|Whose|Whether|Of|So many|None|Null where)\b/;
/** Words that stand for several acts, or are no plain English here. The field `told` of an incident keeps its name. */
const AVOIDED =
  /\b(told(?!: (?:\d|number|to\.|FieldValue\.))(?<!'told)|whoever|so many|handed on|anew|meanwhile)\b/i;

/** Places as `file:line: text`. */
function findLines(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    readLines(path).flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
    ),
  );
}

function parametersOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && node.parameters.length > MAX_PARAMETERS) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${path}:${line + 1}: ${node.parameters.length} parameters`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the words of code', () => {
  it('name the subject of a comment first', () => {
    expect(findLines([...code, ...tests], HIDDEN_SUBJECT)).toEqual([]);
  });

  it('are one for each act', () => {
    const others = product.filter((path) => /\.(yaml|sh|example|service|timer)$/.test(path));
    const paths = [...code, ...others, 'deploy.sh', '.env.example', ...tests].filter(
      (path) => !isPageText(path),
    );
    expect(
      findLines(
        paths.filter((path) => path !== 'test/style.test.ts'),
        AVOIDED,
      ),
    ).toEqual([]);
  });
});

describe('the size of code', () => {
  it('is at most 200 lines a file', () => {
    const long = code.filter((path) => readLines(path).length > MAX_LINES + 1);
    expect(long.map((path) => `${path}: ${readLines(path).length}`)).toEqual([]);
  });

  it('is at most 25 files a folder', () => {
    const folders = new Map<string, number>();
    for (const path of [...product, ...listFiles('test')])
      folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1);
    expect([...folders].filter(([, files]) => files > MAX_FILES)).toEqual([]);
  });

  it('is at most 4 positional parameters a function', () => {
    const declared = code.filter((path) => !path.endsWith('.d.ts'));
    expect(declared.flatMap((path) => parametersOf(path, readFileSync(join(ROOT, path), 'utf8')))).toEqual(
      [],
    );
  });
});

it('finds what breaks the rules', () => {
  expect('/** What is left. */').toMatch(HIDDEN_SUBJECT);
  expect('  // Of these one is new.').toMatch(HIDDEN_SUBJECT);
  expect('/** Returns what is left. */').not.toMatch(HIDDEN_SUBJECT);
  expect('nobody was told').toMatch(AVOIDED);
  expect("reason: 'changed_meanwhile'").not.toMatch(AVOIDED);
  expect("document.get('told')").not.toMatch(AVOIDED);
  expect(parametersOf('x.ts', 'const f = (a, b, c, d, e) => a;')).toHaveLength(1);
});
