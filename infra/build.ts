import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import { buildPage } from '../functions/console/serve-page/build.ts';
import { BROWSER_MODULES, bundleClient } from '../shared/browser/bundle.ts';
import { toBundled } from '../shared/browser/package/build-package.ts';
import { lazyPackages } from './build/lazy-packages.ts';
import { findClosure, readLockedPackages, toBundleLock } from './build/lock-file.ts';
import { findPagePackages, toPackagePaths, toSbom } from './build/sbom.ts';
import { watchedJobs } from './scheduler/watched.ts';

const ROOT = join(import.meta.dirname, '..');
const FRAMEWORK = '@google-cloud/functions-framework';

/** One built function. */
export interface BuiltFunction {
  name: string;
  folder: string;
  /** The size of the whole folder, including parts that load later. */
  bytes: number;
}

/** Lists every function, that is every folder of functions/ with an index.ts, in alphabetical order. */
export function functionNames(): string[] {
  const folder = join(ROOT, 'functions');
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'index.ts')))
    .sort();
}

/** Bundles the functions (or those of `only`), each into a folder of `out` that can be deployed. */
export async function buildFunctions(
  options: { only?: readonly string[]; out?: string } = {},
): Promise<BuiltFunction[]> {
  const all = functionNames();
  const out = options.out ?? join(ROOT, 'dist');
  for (const name of options.only ?? []) {
    if (!all.includes(name)) throw new Error(`there is no function "${name}"; legal: ${all.join(', ')}`);
  }
  return await Promise.all(
    (options.only ?? all).map((name) =>
      bundleFunction(name, join(ROOT, 'functions', name, 'index.ts'), join(out, name)),
    ),
  );
}

/**
 * Bundles the function that `entry` registers under `name` into `folder`, with a manifest and a lock file to deploy it. Its
 * bill of materials lies beside the folder, as NAME.cdx.json.
 */
export async function bundleFunction(name: string, entry: string, folder: string): Promise<BuiltFunction> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const options: BuildOptions = {
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minifyIdentifiers: false,
    sourcemap: false,
    external: [FRAMEWORK],
    // The modules for web pages, and the schedule for watch-runs.
    define: {
      ...(await browserModules()),
      ...(name === 'visits' ? { VISITS_PACKAGE: JSON.stringify(JSON.stringify(await toBundled())) } : {}),
      WATCHED_JOBS: JSON.stringify(watchedJobs()),
      CONSOLE_BUILT: 'true',
    },
    logLevel: 'silent',
  };
  const inputs = new Set<string>();
  const plugins = [lazyPackages(folder, options, inputs)];
  const outfile = join(folder, 'index.js');
  const { metafile } = await build({ ...options, metafile: true, entryPoints: [entry], outfile, plugins });
  for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  const manifest = {
    name,
    version: versionIn(join(ROOT, 'package.json')),
    private: true,
    main: 'index.js',
    engines: { node: '24' },
    dependencies: { [FRAMEWORK]: versionIn(join(ROOT, 'node_modules', FRAMEWORK, 'package.json')) },
  };
  if (name === 'console') await cp(await buildPage(), join(folder, 'page'), { recursive: true });
  await writeJson(join(folder, 'package.json'), manifest);
  const packages = readLockedPackages();
  await writeJson(join(folder, 'package-lock.json'), toBundleLock(manifest, packages));
  const bundled = [...toPackagePaths(inputs)].map((path) => [path, packages[path]]);
  const sbom = toSbom(name, manifest.version, {
    ...Object.fromEntries(bundled.filter(([, entry]) => entry)),
    ...findClosure([FRAMEWORK], packages),
    ...(name === 'console' ? findPagePackages(packages) : {}),
  });
  await writeJson(`${folder}.cdx.json`, sbom);
  return { name, folder, bytes: await sizeOf(folder) };
}

/**
 * Returns the modules for web pages as constants such as `VISITS_CLIENT`, which replace their names in a function.
 */
async function browserModules(): Promise<Record<string, string>> {
  const define = async (name: (typeof BROWSER_MODULES)[number]) =>
    [`${name.toUpperCase()}_CLIENT`, JSON.stringify(await bundleClient(name))] as const;
  return Object.fromEntries(await Promise.all(BROWSER_MODULES.map(define)));
}

const writeJson = (path: string, value: object) => writeFile(path, `${JSON.stringify(value, null, 2)}\n`);

/** Builds the package of the client into `out/browser`, and its tarball beside it. Returns the path of the tarball. */
async function writePackage(out: string): Promise<string> {
  const { files, tarball } = await toBundled();
  const folder = join(out, 'browser');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const path = join(out, 'ronde-browser.tgz');
  await writeFile(path, Buffer.from(tarball, 'base64'));
  return path;
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true });
  const found = await Promise.all(files.map((file) => stat(join(folder, file))));
  const sizes = found.map((entry) => (entry.isFile() ? entry.size : 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, out: { type: 'string' }, client: { type: 'boolean' } },
  });
  if (values.client) {
    console.log(await writePackage(values.out ?? join(ROOT, 'dist')));
    return;
  }
  const built = await buildFunctions({
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(values.out === undefined ? {} : { out: values.out }),
  });
  for (const { name, bytes } of built) console.log(`${name} ${(bytes / 1024).toFixed(0)} KiB`);
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
