import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A package of package-lock.json, as far as it is read here. */
export interface LockedPackage {
  version: string;
  license?: string;
  integrity?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** The packages of package-lock.json by their path, such as `node_modules/a/node_modules/b`. */
export type LockedPackages = Record<string, LockedPackage>;

/** Reads the packages of the project's own lock file. */
export function readLockedPackages(): LockedPackages {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: LockedPackages;
  };
  return packages;
}

/** Returns the path of the package that Node finds for `name` from the package at `from`, or undefined. */
function resolvePath(name: string, from: string, packages: LockedPackages): string | undefined {
  const folders =
    from === ''
      ? []
      : from.split('/node_modules/').map((_, end, parts) => parts.slice(0, end + 1).join('/node_modules/'));
  const paths = folders.reverse().map((folder) => `${folder}/node_modules/${name}`);
  return [...paths, `node_modules/${name}`].find((path) => packages[path]);
}

/** Returns a package and everything it needs, by path. Throws if the lock file lacks a part. */
export function findClosure(names: readonly string[], packages: LockedPackages): LockedPackages {
  const found: LockedPackages = {};
  const visit = (name: string, from: string, isOptional: boolean): void => {
    const path = resolvePath(name, from, packages);
    if (path === undefined) {
      if (isOptional) return;
      throw new Error(
        `package-lock.json has no ${name}, which ${from || 'the project'} needs; run npm install`,
      );
    }
    if (found[path]) return;
    const entry = packages[path] as LockedPackage;
    found[path] = entry;
    for (const needed of Object.keys(entry.dependencies ?? {})) visit(needed, path, false);
    for (const needed of Object.keys(entry.optionalDependencies ?? {})) visit(needed, path, true);
    for (const needed of Object.keys(entry.peerDependencies ?? {}))
      if (!entry.peerDependenciesMeta?.[needed]?.optional) visit(needed, path, true);
  };
  for (const name of names) visit(name, '', false);
  return found;
}

interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
}

/**
 * Returns the lock file of a bundle: the project's own, cut to what the bundle installs. Cloud Build then installs what
 * was tested, by npm ci: https://cloud.google.com/docs/buildpacks/nodejs
 */
export function toBundleLock(manifest: Manifest, packages: LockedPackages): object {
  const closure = findClosure(Object.keys(manifest.dependencies), packages);
  const paths = Object.keys(closure).sort();
  return {
    name: manifest.name,
    version: manifest.version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': manifest, ...Object.fromEntries(paths.map((path) => [path, closure[path]])) },
  };
}
