import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GcloudHome, gcloudHome, programOrSkip, runProgram } from './support/google/gcloud.ts';

const ROOT = join(import.meta.dirname, '..');
/** gcloud is a Python program of some seconds' start, and there are many lines. */
const GCLOUD_MS = 300_000;
/** gcloud has understood a command when all it lacks is an account. */
const SIGN_IN = 'You do not currently have an active account selected.';
/** These ask for no account, or are how one gets it. */
const NEEDS_NO_ACCOUNT = /^gcloud (auth|config) /;

/** The pages write P for the project and R for the region. */
const inPlace = (line: string) =>
  line
    .replace(/(--project[= ])P\b/, '$1ronde-docs')
    .replace(/(--(?:region|location)[= ])R\b/, '$1europe-west1');

/** The gcloud commands in code of the pages below docs, each once. */
function gcloudLines(): string[] {
  const lines = globSync('docs/**/*.md', { cwd: ROOT }).flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replaceAll('\\|', '|');
    const inline = [...text.matchAll(/`[^`\n]*?(gcloud [a-z][^`]*)`/g)].map(([, line = '']) => line);
    const blocks = text.split('\n').filter((line) => line.startsWith('gcloud '));
    return [...inline, ...blocks].map((line) => line.replace(/\s+#.*$/, '').replace(/\s+/g, ' '));
  });
  // A command without a flag is only named, not a line to copy.
  return [...new Set(lines.map(inPlace))].filter(
    (line) => line.includes(' --') && !NEEDS_NO_ACCOUNT.test(line),
  );
}

describe.skipIf(!programOrSkip('gcloud', 'the gcloud lines of the docs'))('the docs', () => {
  let gcloud: GcloudHome;
  beforeAll(async () => {
    gcloud = await gcloudHome({ project: 'ronde-docs' });
  });
  afterAll(() => gcloud?.remove());

  it('hold no gcloud line that gcloud would refuse', { timeout: GCLOUD_MS }, async () => {
    const lines = gcloudLines();
    expect(lines.length).toBeGreaterThan(8);
    const refused: string[] = [];
    for (const line of lines) {
      const { stderr } = await runProgram('bash', ['-c', `${line} < /dev/null`], {
        env: gcloud.env,
        cwd: gcloud.env['HOME'] ?? '/',
      });
      if (!stderr.includes(SIGN_IN)) refused.push(`${line}: ${stderr.slice(0, 300)}`);
    }
    expect(refused).toEqual([]);
  });
});
