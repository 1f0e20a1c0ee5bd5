import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/**
 * Packages that a bundle loads at their first use. They take longer to load than everything else, and a rejected
 * request needs none of them.
 */
const LAZY = ['@google-cloud/firestore', '@upstash/redis', 'imapflow', 'nodemailer'];
/** Modules of these packages that sources import by path; they share the package's file. */
const PARTS = ['imapflow/lib/tools.js'];

const NAMESPACE = 'lazy-package';

/**
 * Moves each lazy package into a file beside the bundle and replaces it by exports that load this file at first use.
 * Sources import it like any other package. Adds the files that it bundles to `inputs`.
 */
export function lazyPackages(folder: string, options: BuildOptions, inputs: Set<string>): Plugin {
  return {
    name: NAMESPACE,
    setup(bundle) {
      bundle.onResolve({ filter: /^[^.]/ }, ({ path }) =>
        [...LAZY, ...PARTS].includes(path) ? { path, namespace: NAMESPACE } : null,
      );
      bundle.onResolve({ filter: /^\.\//, namespace: NAMESPACE }, ({ path }) => ({ path, external: true }));
      const built = new Map<string, Promise<string>>();
      bundle.onLoad({ filter: /./, namespace: NAMESPACE }, async ({ path }) => {
        const name = LAZY.find((each) => path === each || path.startsWith(`${each}/`)) ?? path;
        const file = built.get(name) ?? fileOf(name, folder, options, inputs);
        built.set(name, file);
        return { contents: standIn(await file, path, exportsOf(path)), loader: 'js' };
      });
    },
  };
}

/** Bundles a package and its modules into one file that offers them by path. */
async function fileOf(
  name: string,
  folder: string,
  options: BuildOptions,
  inputs: Set<string>,
): Promise<string> {
  const file = `${name.replace(/^@/, '').replaceAll('/', '-')}.js`;
  const paths = [name, ...PARTS.filter((part) => part.startsWith(`${name}/`))];
  const contents = paths.map(
    (path) => `exports[${JSON.stringify(path)}] = require(${JSON.stringify(path)});`,
  );
  const stdin = { contents: contents.join('\n'), resolveDir: import.meta.dirname };
  const { metafile } = await build({
    ...options,
    bundle: true,
    metafile: true,
    stdin,
    outfile: join(folder, file),
  });
  for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  return `./${file}`;
}

/** Returns the names that a package exports. Throws for a default export of an ES module, which would be lost. */
function exportsOf(name: string): string[] {
  const exported: object = createRequire(import.meta.url)(name);
  if (Object.prototype.toString.call(exported) === '[object Module]' && 'default' in exported) {
    throw new Error(
      `${name} is an ES module with a default export; take it out of LAZY in infra/build/lazy-packages.ts`,
    );
  }
  return Object.keys(exported).filter((key) => key !== 'default');
}

function standIn(file: string, path: string, names: readonly string[]): string {
  const define = 'Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] })';
  return `const load = () => require('${file}')[${JSON.stringify(path)}];\nfor (const name of ${JSON.stringify(names)}) ${define};\n`;
}
