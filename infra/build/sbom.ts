import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findClosure, type LockedPackage, type LockedPackages } from './lock-file.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A software bill of materials, as CycloneDX 1.6 has it: https://cyclonedx.org/docs/1.6/json/ */
export interface Sbom {
  bomFormat: 'CycloneDX';
  specVersion: '1.6';
  version: 1;
  metadata: { component: { type: 'application'; name: string; version: string } };
  components: SbomComponent[];
}

interface SbomComponent {
  type: 'library';
  name: string;
  version: string;
  purl: string;
  licenses?: { expression: string }[];
  hashes?: { alg: 'SHA-512'; content: string }[];
}

/** Returns the paths of the packages in the inputs of esbuild, such as `node_modules/zod`. */
export function toPackagePaths(inputs: Iterable<string>): Set<string> {
  const paths = [...inputs].flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return new Set(paths.map((path) => path.slice(path.indexOf('node_modules/'))));
}

/** Returns the packages that the console's page imports, with everything they need. */
export function findPagePackages(packages: LockedPackages): LockedPackages {
  const sources = globSync('functions/console/page/**/*.{ts,tsx}', { cwd: ROOT });
  const names = sources.flatMap((source) =>
    [...readFileSync(join(ROOT, source), 'utf8').matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g)].map(
      ([, name]) => name ?? '',
    ),
  );
  return findClosure(
    [...new Set(names)].filter((name) => packages[`node_modules/${name}`]),
    packages,
  );
}

/** Lists the packages of a bundle: those that esbuild put in, and those that the bundle installs. */
export function toSbom(name: string, version: string, packages: LockedPackages): Sbom {
  const components = Object.entries(packages)
    .map(([path, entry]) => toComponent(path, entry))
    .sort((a, b) => (a.purl < b.purl ? -1 : 1));
  const unique = components.filter(({ purl }, index) => purl !== components[index - 1]?.purl);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: `ronde-${name}`, version } },
    components: unique,
  };
}

function toComponent(path: string, { version, license, integrity }: LockedPackage): SbomComponent {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const hash = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license ? { licenses: [{ expression: license }] } : {}),
    ...(hash ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] } : {}),
  };
}
