import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/**
 * Packages that a bundle loads when one of their exports is first used, not when it starts: together they take longer to
 * load than all the rest, and a request that is refused at the door needs none of them.
 */
const LAZY = ['@google-cloud/firestore', '@upstash/redis', 'imapflow', 'nodemailer'];
/** Parts of them that are imported by their paths; they come in the same file. */
const PARTS = ['imapflow/lib/tools.js'];

const NAMESPACE = 'lazy-package';

/**
 * Puts each lazy package that the bundle imports into a file of its own beside it, and in its place exports that load
 * that file at their first use. Sources import them as any other package.
 */
export function lazyPackages(folder: string, options: BuildOptions): Plugin {
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
        const file = built.get(name) ?? fileOf(name, folder, options);
        built.set(name, file);
        return { contents: standIn(await file, path, exportsOf(path)), loader: 'js' };
      });
    },
  };
}

/** Bundles a package and its parts into a file of its own, which has them by their paths. */
async function fileOf(name: string, folder: string, options: BuildOptions): Promise<string> {
  const file = `${name.replace(/^@/, '').replaceAll('/', '-')}.js`;
  const paths = [name, ...PARTS.filter((part) => part.startsWith(`${name}/`))];
  const contents = paths.map(
    (path) => `exports[${JSON.stringify(path)}] = require(${JSON.stringify(path)});`,
  );
  const stdin = { contents: contents.join('\n'), resolveDir: import.meta.dirname };
  await build({ ...options, bundle: true, stdin, outfile: join(folder, file) });
  return `./${file}`;
}

/** The names a package exports. A default export of an ES module would be lost, so such a package cannot be lazy. */
function exportsOf(name: string): string[] {
  const exported: object = createRequire(import.meta.url)(name);
  if (Object.prototype.toString.call(exported) === '[object Module]' && 'default' in exported) {
    throw new Error(
      `${name} is an ES module with a default export; take it out of LAZY in infra/lazy-packages.ts`,
    );
  }
  return Object.keys(exported).filter((key) => key !== 'default');
}

function standIn(file: string, path: string, names: readonly string[]): string {
  const define = 'Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] })';
  return `const load = () => require('${file}')[${JSON.stringify(path)}];\nfor (const name of ${JSON.stringify(names)}) ${define};\n`;
}
