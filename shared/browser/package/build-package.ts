import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BROWSER_BUILD } from '../bundle.ts';
import { packTarball } from './tar.ts';

const SOURCE = join(import.meta.dirname, '..');
const ROOT = join(SOURCE, '../..');
/** The modules that an app imports: `@ronde/browser`, and `@ronde/browser/NAME` for one of the others. */
const ENTRIES = ['index', 'visits', 'presence', 'react', 'mask'];

/** Builds the package `@ronde/browser`: its files by name, JavaScript with types and without dependencies. */
export async function buildPackage(): Promise<Map<string, string>> {
  const [modules, types] = await Promise.all([buildModules(), buildTypes()]);
  const { version, license } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const manifest = toManifest(version, license);
  return new Map([
    ['package.json', `${JSON.stringify(manifest, null, 2)}\n`],
    ['README.md', README],
    ['LICENSE', await readFile(join(ROOT, 'LICENSE'), 'utf8')],
    ...[...modules, ...types].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/** Builds the package for the function that serves it: its files, and its tarball in base64. */
export async function toBundled(): Promise<{ files: Record<string, string>; tarball: string }> {
  const files = await buildPackage();
  return { files: Object.fromEntries(files), tarball: packTarball(files).toString('base64') };
}

const README = `# @ronde/browser

Reports page visits and presence to the functions of Ronde. The guide "In your app" of the product says how to use it.

    import { keepPresence, trackPageVisits } from '@ronde/browser';
    import { usePageTracking, usePresence } from '@ronde/browser/react';
`;

function toManifest(version: string, license: string): object {
  const exported = ENTRIES.map((name) => [
    name === 'index' ? '.' : `./${name}`,
    { types: `./${name}.d.ts`, default: `./${name}.js` },
  ]);
  return {
    name: '@ronde/browser',
    version,
    description: 'Reports page visits and presence to the functions of Ronde',
    license,
    type: 'module',
    sideEffects: false,
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
    types: './index.d.ts',
    peerDependencies: { react: '>=18' },
    peerDependenciesMeta: { react: { optional: true } },
  };
}

async function buildModules(): Promise<[string, string][]> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...BROWSER_BUILD,
    entryPoints: ENTRIES.map((name) => join(SOURCE, `${name}.ts`)),
    splitting: true,
    chunkNames: 'shared-[hash]',
    external: ['react'],
    outdir: SOURCE,
  });
  return outputFiles.map(({ path, text }) => [path.slice(SOURCE.length + 1), text]);
}

/** Declares the types of the entries and of what they import. */
async function buildTypes(): Promise<[string, string][]> {
  const { default: ts } = await import('typescript');
  const program = ts.createProgram(
    ENTRIES.map((name) => join(SOURCE, `${name}.ts`)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      skipLibCheck: true,
    },
  );
  const declared = new Map<string, string>();
  program.emit(undefined, (path, text) => {
    const name = path.slice(SOURCE.length + 1);
    declared.set(name, text.replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  });
  const wanted = ENTRIES.map((name) => `${name}.d.ts`);
  for (const name of wanted)
    for (const [, imported] of declared.get(name)?.matchAll(/from '\.\/([\w-]+)\.js'/g) ?? [])
      if (!wanted.includes(`${imported}.d.ts`)) wanted.push(`${imported}.d.ts`);
  return wanted.map((name) => [name, declared.get(name) ?? '']);
}
