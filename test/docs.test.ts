import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { tasks } from '../functions/registry.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })];
/** Lines of each of the five guides. */
const LINES = { V: 6, L: 9, P: 7, A: 7, M: 7 };

/** What a page says that does not hold, as sentences. */
function brokenReferences(page: string): string[] {
  const text = read(page);
  const sources = new Map<string, string>();
  const broken: string[] = [];
  for (const [, file = '', title = ''] of text.matchAll(/`([\w/-]+)` "([^"]+)"/g)) {
    const path = `test/${file}.test.ts`;
    if (!existsSync(join(ROOT, path))) broken.push(`${path} is not there`);
    else if (!isTitle(sources.get(path) ?? read(path), title)) broken.push(`${path} has no test "${title}"`);
  }
  for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g))
    if (!existsSync(join(ROOT, dirname(page), target))) broken.push(`${target} is not there`);
  for (const [, path = ''] of text.matchAll(/`((?:infra|functions|shared|test|docs)\/[\w./-]*)`/g))
    if (path.includes('.') && !existsSync(join(ROOT, path))) broken.push(`${path} is not there`);
  for (const [, words = ''] of text.matchAll(
    /(?:npm run (?:-s )?ronde -- |`ronde |^ronde )([a-z][\w-]*(?: [a-z][\w-]*)?)/gm,
  ))
    if (!isCommand(words)) broken.push(`there is no command ronde ${words}`);
  for (const [, script = ''] of text.matchAll(/npm run (?:-s )?([\w:]+)/g))
    if (!Object.hasOwn(JSON.parse(read('package.json')).scripts, script))
      broken.push(`there is no npm run ${script}`);
  return broken;
}

/** A title stands in its file between quotes, or as a case of a table. */
function isTitle(source: string, title: string): boolean {
  const written = [title, title.replaceAll("'", "\\'")];
  return written.some((text) => ["'", '"', '`'].some((quote) => source.includes(quote + text + quote)));
}

const declared = new Map<string, string>();
for (const file of globSync('infra/cli/**/*.ts', { cwd: ROOT })) {
  const source = read(file);
  for (const [, name = ''] of source.matchAll(/\.command\(\s*['`]([a-z][\w-]*)/g))
    declared.set(name, (declared.get(name) ?? '') + source);
}

/** A command of the command line, with its subcommand where it has some. */
function isCommand(words: string): boolean {
  const [command = '', argument] = words.split(' ');
  const source = declared.get(command);
  if (source === undefined) return false;
  if (command === 'run' || command === 'loop')
    return tasks.some(({ name }) => name === argument) || argument === undefined;
  const group = new RegExp(`\\.command\\(\\s*['\`]${command}['\`]\\)`).test(source);
  return (
    !group ||
    argument === undefined ||
    new RegExp(`\\bcommand\\(\\s*['\`]${argument}\\b|\\['${argument}',`).test(source)
  );
}

it('every line of the five guides is in docs/originals.md, once, with what shows it', () => {
  const rows = read('docs/originals.md')
    .split('\n')
    .flatMap((row) => {
      const [, line, ...cells] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return /^[A-Z]\d$/.test(line ?? '') ? [{ line, cells }] : [];
    });
  const wanted = Object.entries(LINES).flatMap(([guide, count]) =>
    Array.from({ length: count }, (_, index) => `${guide}${index + 1}`),
  );
  expect(rows.map(({ line }) => line)).toEqual(wanted);
  for (const { line, cells } of rows) {
    expect([line, cells.slice(0, 3).every((cell) => cell !== '')]).toEqual([line, true]);
    expect([line, cells[2]]).toEqual([line, expect.stringMatching(/`[\w/-]+` "[^"]+"/)]);
  }
});

it.each(PAGES)('%s names only tests, files, commands and scripts that there are', (page) => {
  expect(brokenReferences(page)).toEqual([]);
});

it('the first hour names every secret that the functions are given', () => {
  const secrets = [...read('infra/scheduler.yaml').matchAll(/: (ronde-[a-z-]+)$/gm)].map(
    ([, name = '']) => name,
  );
  expect(new Set(secrets).size).toBeGreaterThan(3);
  expect(
    secrets.filter(
      (name) =>
        !read('docs/first-hour.md').includes(`${name}\``) && !read('docs/first-hour.md').includes(`${name} `),
    ),
  ).toEqual([]);
});

it('a page that names what is not there would be found', () => {
  expect(isTitle(read('test/docs.test.ts'), `${'no'} such title`)).toBe(false);
  expect(isCommand('presence dance')).toBe(false);
  expect(isCommand('presence status')).toBe(true);
  expect(isCommand('conjure')).toBe(false);
});
