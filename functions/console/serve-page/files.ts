import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** True in a bundle of infra/build.ts, which puts the page beside it. Absent if the sources run directly. */
declare const CONSOLE_BUILT: true;

export interface PageFile {
  type: string;
  content: Buffer;
  gzipped: Buffer;
}

const TYPES: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};

let folder: Promise<string> | undefined;
const files = new Map<string, Promise<PageFile | null>>();

/** Returns the folder of the built page: beside the deployed bundle, else built on demand. A failed build is tried again. */
function pageFolder(): Promise<string> {
  folder ??= find().catch((error: unknown) => {
    folder = undefined;
    throw error;
  });
  return folder;
}

async function find(): Promise<string> {
  if (typeof CONSOLE_BUILT === 'undefined') return (await import('./build.ts')).buildPage();
  return join(__dirname, 'page');
}

/** The page's HTML, without what changes per request. */
export async function pageHtml(): Promise<string> {
  return readFile(join(await pageFolder(), 'index.html'), 'utf8');
}

/** Returns a file of assets/, or null. Each file is read and compressed once. */
export async function pageAsset(name: string): Promise<PageFile | null> {
  const [, extension = ''] = /^[A-Za-z0-9_-][A-Za-z0-9._-]*\.([a-z0-9]+)$/.exec(name) ?? [];
  const type = TYPES[extension];
  if (type === undefined) return null;
  const path = join(await pageFolder(), 'assets', name);
  const found = files.get(path) ?? load(path, type);
  if ((await found) !== null) files.set(path, found);
  return found;
}

async function load(path: string, type: string): Promise<PageFile | null> {
  const content = await readFile(path).catch(() => null);
  return content && { type, content, gzipped: gzipSync(content) };
}
