import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { tasks } from '../functions/registry.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });
const DECISIONS = globSync('docs/decisions/[0-9]*.md', { cwd: ROOT });
/** Lines of each of the five guides. */
const LINES = { V: 6, L: 9, P: 7, A: 7, M: 7 };

/** Returns the false claims of a page, as sentences. */
function brokenReferences(page: string): string[] {
  const text = read(page);
  const sources = new Map<string, string>();
  const broken: string[] = [];
  for (const [, file = '', title = ''] of text.matchAll(/`([\w/-]+)` "([^"]+)"/g)) {
    const path = `test/${file}.test.ts`;
    if (!existsSync(join(ROOT, path))) broken.push(`${path} is not there`);
    else if (!isTitle(sources.get(path) ?? read(path), title)) broken.push(`${path} has no test "${title}"`);
  }
  for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?/g)) {
    const path = target === '' ? page : join(dirname(page), target);
    if (!existsSync(join(ROOT, path))) broken.push(`${target} is not there`);
    else if (anchor && !anchorsOf(read(path)).includes(anchor)) broken.push(`${target} has no #${anchor}`);
  }
  for (const [, path = ''] of text.matchAll(/`((?:infra|functions|shared|test|docs)\/[\w./-]*)`/g))
    if (/[.]|\/$/.test(path) && !existsSync(join(ROOT, path))) broken.push(`${path} is not there`);
  for (const [, words = ''] of text.matchAll(
    /(?:npm run (?:-s )?ronde -- |`ronde |^ronde )([a-z][\w-]*(?: [a-z][\w-]*)?)/gm,
  ))
    if (!isCommand(words)) broken.push(`there is no command ronde ${words}`);
  for (const [, script = ''] of text.matchAll(/npm run (?:-s )?([\w:]+)/g))
    if (!Object.hasOwn(JSON.parse(read('package.json')).scripts, script))
      broken.push(`there is no npm run ${script}`);
  return broken;
}

/** The anchors of a page's headings, as the repository's host makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

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
  const page = read('docs/guides/first-hour.md');
  expect(secrets.filter((name) => !page.includes(`${name}\``) && !page.includes(`${name} `))).toEqual([]);
});

it('a page that names what is not there would be found', () => {
  expect(isTitle(read('test/docs.test.ts'), `${'no'} such title`)).toBe(false);
  expect(anchorsOf('# One\n\n## The `kinds`: two')).toEqual(['one', 'the-kinds-two']);
  expect(isCommand('presence dance')).toBe(false);
  expect(isCommand('presence status')).toBe(true);
  expect(isCommand('conjure')).toBe(false);
});

/** Returns what a decision lacks of its five parts, as sentences. */
function missingParts(text: string): string[] {
  const missing = ['Context', 'Decision', 'Alternatives']
    .filter((part) => !new RegExp(`^## ${part}\n\n\\S`, 'm').test(text))
    .map((part) => `it has no ${part}`);
  const [, date = ''] = /^- Date: (\d{4}-\d{2}-\d{2})$/m.exec(text) ?? [];
  if (Number.isNaN(Date.parse(date))) missing.push('it has no Date');
  if (!/^- Status: (Accepted|Superseded by \[\d{4}\])/m.test(text)) missing.push('it has no Status');
  return missing;
}

it.each(DECISIONS)('%s has a context, a decision, alternatives, a date and a status', (page) => {
  expect(missingParts(read(page))).toEqual([]);
});

it('a decision without one of its parts is found', () => {
  const [first = ''] = DECISIONS;
  const whole = read(first);
  for (const part of ['## Context', '## Decision', '## Alternatives', '- Date:', '- Status:'])
    expect(missingParts(whole.replace(part, 'Gone'))).toHaveLength(1);
  expect(missingParts(whole.replace(/Date: .*/, 'Date: 2026-13-01'))).toEqual(['it has no Date']);
});

it('the index names every decision once, by number and title', () => {
  const titles = DECISIONS.map((page) => {
    const [, number = '', title = ''] = /^# (\d{4}): (.+)$/m.exec(read(page)) ?? [];
    expect([page, basename(page).startsWith(`${number}-`)]).toEqual([page, number !== '']);
    return `[${number}](${basename(page)}) ${title}`;
  });
  const rows = [...read('docs/decisions/README.md').matchAll(/^\| (\[\d{4}\]\(\S+\)) +\| (.+?) +\|/gm)];
  expect(rows.map(([, link, title]) => `${link} ${title}`)).toEqual(titles.sort());
  expect(new Set(titles.map((title) => title.slice(0, '[0000]'.length))).size).toBe(titles.length);
});

/** The files that a checklist of CONTRIBUTING.md names, for the task that closes visits. */
const filesToAdd = (heading: string): string[] => {
  const [, section = ''] = read('CONTRIBUTING.md').split(`## ${heading}\n`);
  const [always = ''] = section.split(/^(?:Only if|## )/m);
  return [...always.matchAll(/^- \[ \] `([^`]+)`/gm)].map(([, file = '']) =>
    file.replace('<task>', 'close-inactive-visits').replace('<domain>', 'visits').replace('<rule>', 'close'),
  );
};

it('a task takes at most nine files, and an existing one has each of them', () => {
  const files = filesToAdd('Add a task');
  expect(files).toContain('functions/close-inactive-visits/task.ts');
  expect(files.length).toBeLessThanOrEqual(9);
  const words = globSync('functions/*/words.ts', { cwd: ROOT });
  // The words of tasks move beside them at once: before that no task has such a file.
  const expected = files.filter((file) => words.length > 0 || !file.endsWith('/words.ts'));
  expect(expected.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});
