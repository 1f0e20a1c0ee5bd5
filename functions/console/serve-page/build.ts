import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCE = join(import.meta.dirname, '../page');
const CACHE = join(ROOT, 'node_modules/.cache/ronde-console');

/**
 * Builds the page and gives the folder it lies in: a plain index.html and hashed files in assets/. What was built before
 * from the same sources is taken again. Vite is a tool of development and is loaded only then.
 */
export async function buildPage(): Promise<string> {
  const folder = join(CACHE, digest());
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const made = await mkdtemp(join(CACHE, 'making-'));
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: SOURCE,
    base: '/console/',
    mode: 'production',
    // NODE_ENV of this process does not count: it is "test" in tests, and would select React's development build.
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', development: false } },
    logLevel: 'silent',
    // No file becomes a data: URL, which the page's policy would refuse.
    build: {
      outDir: made,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  // mkdtemp makes a folder that only its owner may read; this one becomes part of the bundle.
  await chmod(made, 0o755);
  await rename(made, folder).catch(async () => {
    // Another process has just made the same.
    await rm(made, { recursive: true, force: true });
  });
  return folder;
}

/** The page's sources, with the words of tasks and the limits of domains that it imports. */
const SOURCES = ['functions/console/page/**/*.*', 'functions/*/words.ts', 'shared/domains/**/limits.ts'];

/** Returns the digest of the page's sources and the versions of its packages. */
function digest(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  hash.update(readFileSync(import.meta.filename));
  for (const path of globSync(SOURCES, { cwd: ROOT }).sort())
    hash.update(path).update(readFileSync(join(ROOT, path)));
  return hash.digest('hex').slice(0, 32);
}
