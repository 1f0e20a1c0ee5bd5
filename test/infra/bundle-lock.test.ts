import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClosure, type LockedPackages, readLockedPackages } from '../../infra/build/lock-file.ts';
import { toPackagePaths, toSbom } from '../../infra/build/sbom.ts';
import { buildFunctions } from '../../infra/build.ts';
import { nodeEnvironment } from '../support/node-process.ts';

const ROOT = join(import.meta.dirname, '../..');
const FRAMEWORK = '@google-cloud/functions-framework';

interface Lock {
  packages: LockedPackages;
}

let out: string;
let folder: string;
beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'ronde-lock-'));
  folder = join(out, 'visits');
  await buildFunctions({ only: ['visits'], out });
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const run = (command: string, args: readonly string[]) => {
  const env = {
    ...nodeEnvironment(),
    GOOGLE_CLOUD_PROJECT: 'demo',
    UPSTASH_REDIS_REST_URL: 'https://made-up.upstash.example',
    UPSTASH_REDIS_REST_TOKEN: 'made-up',
    AUTH_ISSUER: 'https://sign-in.example.test',
    AUTH_AUDIENCE: 'ronde',
  };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
  return { status, stdout, stderr };
};

describe('the lock file of a bundle', () => {
  it('names the tested version of every package, with its integrity', () => {
    const { packages } = readJson<Lock>(join(folder, 'package-lock.json'));
    const paths = Object.keys(packages).filter((path) => path !== '');
    expect(paths).toContain(`node_modules/${FRAMEWORK}`);
    expect(paths.length).toBeGreaterThan(50);
    const tested = readLockedPackages();
    for (const path of paths) {
      expect(packages[path], path).toEqual(tested[path]);
      expect(packages[path], path).toMatchObject({ integrity: expect.stringMatching(/^sha512-/) });
      // npm ci of a production build leaves these out.
      expect(packages[path], path).not.toHaveProperty('dev');
    }
  });

  it('is the one that npm ci accepts without a network, and another manifest is refused', () => {
    const args = ['ci', '--dry-run', '--offline', '--ignore-scripts'];
    const accepted = run('npm', args);
    expect(accepted.status, accepted.stderr).toBe(0);
    const path = join(folder, 'package.json');
    const manifest = readFileSync(path, 'utf8');
    writeFileSync(path, manifest.replace(/("@google-cloud\/functions-framework": ")[^"]+/, '$10.0.1'));
    const refused = run('npm', args);
    writeFileSync(path, manifest);
    expect(refused.status).toBe(1);
  });

  it('installs everything that the function needs to start', () => {
    const { packages } = readJson<Lock>(join(folder, 'package-lock.json'));
    for (const path of Object.keys(packages).filter((name) => existsSync(join(ROOT, name)) && name))
      cpSync(join(ROOT, path), join(folder, path), {
        recursive: true,
        // A nested package has an entry of its own.
        filter: (source) => !source.slice(join(ROOT, path).length).includes('node_modules'),
      });
    const listed = run('npm', ['ls', '--all', '--offline']);
    expect(listed.status, listed.stderr).toBe(0);
    const started = run(process.execPath, [
      '-e',
      "require('./index.js'); console.log(require.resolve('@google-cloud/functions-framework').startsWith(process.cwd()))",
    ]);
    expect(started).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
  });

  it('cannot be made if the project has not locked a part', () => {
    const packages = readLockedPackages();
    const missing = `node_modules/${FRAMEWORK}`;
    expect(() => findClosure([FRAMEWORK], { ...packages, [missing]: undefined } as never)).toThrow(
      `package-lock.json has no ${FRAMEWORK}, which the project needs; run npm install`,
    );
  });
});

describe('the bill of materials', () => {
  it('lists what is bundled and what is installed, each once, with licence and hash', () => {
    const sbom = readJson<ReturnType<typeof toSbom>>(join(out, 'visits.cdx.json'));
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { type: 'application', name: 'ronde-visits' } },
    });
    const names = sbom.components.map(({ name }) => name);
    // zod is in the bundle, Firestore in a file beside it, express comes with the framework.
    expect(names).toEqual(expect.arrayContaining(['zod', '@google-cloud/firestore', 'express', FRAMEWORK]));
    expect(names).not.toContain('vitest');
    const purls = sbom.components.map(({ purl }) => purl);
    expect(new Set(purls).size).toBe(purls.length);
    for (const component of sbom.components) {
      expect(component.purl).toMatch(/^pkg:npm\/(%40[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+/);
      expect(component.hashes?.[0]?.content, component.purl).toMatch(/^[0-9a-f]{128}$/);
      expect(component.licenses?.[0]?.expression, component.purl).toBeTruthy();
    }
  });

  it('finds the package of a nested path', () => {
    expect([...toPackagePaths(['node_modules/a/node_modules/@b/c/index.js', 'shared/x.ts'])]).toEqual([
      'node_modules/a/node_modules/@b/c',
    ]);
    const [component] = toSbom('x', '1.0.0', {
      'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
    }).components;
    expect(component).toEqual({
      type: 'library',
      name: '@b/c',
      version: '2.0.0',
      purl: 'pkg:npm/%40b/c@2.0.0',
    });
  });
});
