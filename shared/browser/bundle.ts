/** The modules that functions of the same name serve to web pages, each a file of this folder. */
export const BROWSER_MODULES = ['visits', 'presence'] as const;

/**
 * The properties of the client's own classes, which no object of the browser, no option and no stored visit has. Shorter
 * names save 4 % of the module.
 */
const OWN_PROPERTIES = new RegExp(
  `^(${[
    ...[
      'monotonic',
      'wall',
      'authorize',
      'signIn',
      'flush',
      'hurry',
      'retry',
      'measure',
      'attend',
      'readTitle',
    ],
    ...[
      'restart',
      'moved',
      'leaving',
      'changed',
      'refused',
      'absent',
      'stepDown',
      'hasten',
      'postpone',
      'forget',
    ],
    ...[
      'take',
      'keep',
      'enter',
      'tell',
      'isIdle',
      'elected',
      'turn',
      'failures',
      'unreachable',
      'away',
      'wake',
    ],
    ...['caller', 'tabs', 'clock', 'life', 'options', 'account', 'shown', 'seen', 'visit', 'mark', 'count'],
  ].join('|')})$`,
);

/** The settings of esbuild for every module of the client. */
export const BROWSER_BUILD = {
  bundle: true,
  minify: true,
  mangleProps: OWN_PROPERTIES,
  format: 'esm',
  target: 'es2022',
  write: false,
  logLevel: 'silent',
} as const;

type BrowserModule = (typeof BROWSER_MODULES)[number];

/**
 * Returns modules for web pages as one minified ES module. infra/build.ts writes it into the deployed bundle; only
 * development and tests load esbuild and make it on demand.
 */
export async function bundleClient(...names: readonly BrowserModule[]): Promise<string> {
  const { build } = await import('esbuild');
  const contents = names.map((name) => `export * from './${name}.ts';`).join('\n');
  const resolveDir = import.meta.dirname;
  const { outputFiles } = await build({
    ...BROWSER_BUILD,
    stdin: { contents, resolveDir, loader: 'ts' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
