import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSwallowed } from '../../../infra/cli/swallowed.ts';

const ROOT = join(import.meta.dirname, '../../..');
const byScript = { npm_lifecycle_event: 'ronde', npm_command: 'run' };

describe('an option that npm took for itself', () => {
  it.each([
    ['npm_config_dry_run', 'true', '--dry-run'],
    ['npm_config_yes', 'true', '--yes'],
    ['npm_config_force', 'true', '--force'],
    ['npm_config_json', 'true', '--json'],
  ])('%s=%s is named with the line to type', (variable, value, flag) => {
    const text = findSwallowed({ ...byScript, [variable]: value }, ['run', 'close-inactive-visits']);
    expect(text).toContain(`npm run ronde -- run close-inactive-visits ${flag}`);
    expect(text).toContain(`npx ronde run close-inactive-visits ${flag}`);
  });

  it.each([
    ['given after all', byScript, ['run', 'x', '--dry-run']],
    ['of npx', { ...byScript, npm_command: 'exec' }, ['run', 'x']],
    ['of another script', { ...byScript, npm_lifecycle_event: 'test' }, ['run', 'x']],
    ['of no script', {}, ['run', 'x']],
  ])('is no matter if %s', (_when, environment, given) => {
    expect(findSwallowed({ ...environment, npm_config_dry_run: 'true' }, given)).toBeNull();
  });

  it('is no matter if npm is set to false', () => {
    expect(findSwallowed({ ...byScript, npm_config_dry_run: '', npm_config_yes: 'false' }, ['x'])).toBeNull();
  });
});

it('npm run ronde X --dry-run refuses with exit 2, and runs nothing', () => {
  const run = spawnSync('npm', ['run', '-s', 'ronde', 'run', 'close-inactive-visits', '--dry-run'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(run.stderr).toContain('npm took --dry-run for itself');
  expect(run.status).toBe(2);
});

it('npx ronde works in the repository', () => {
  const run = spawnSync('npx', ['ronde', 'secret', 'generate'], { cwd: ROOT, encoding: 'utf8' });
  expect(run.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(run.status).toBe(0);
});
