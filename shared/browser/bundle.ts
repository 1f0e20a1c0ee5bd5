import { fileURLToPath } from 'node:url';

/** The modules that functions of the same name serve to web pages, each a file of this folder. */
export const BROWSER_MODULES = ['visits', 'presence'] as const;

/**
 * Returns a module for web pages as one minified ES module. infra/build.ts writes it into the deployed bundle; only
 * development and tests load esbuild and make it on demand.
 */
export async function bundleClient(name: (typeof BROWSER_MODULES)[number]): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
