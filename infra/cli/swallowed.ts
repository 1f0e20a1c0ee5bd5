/** Options that npm takes for its own in `npm run ronde X --dry-run`, and sets in the environment instead. */
const TAKEN = ['dry-run', 'yes', 'force', 'json'] as const;

const isSet = (value: string | undefined) => value !== undefined && value !== '' && value !== 'false';

/**
 * Returns the options that npm swallowed, with the line to type instead, or null. `npm run ronde run X --dry-run` would
 * else be a real run.
 */
export function findSwallowed(
  environment: Readonly<Record<string, string | undefined>>,
  given: readonly string[],
): string | null {
  if (environment['npm_lifecycle_event'] !== 'ronde' || environment['npm_command'] === 'exec') return null;
  const swallowed = TAKEN.filter(
    (name) => isSet(environment[`npm_config_${name.replace('-', '_')}`]) && !given.includes(`--${name}`),
  );
  if (swallowed.length === 0) return null;
  const flags = swallowed.map((name) => `--${name}`).join(' ');
  return `npm took ${flags} for itself, so ronde did not get it and did nothing; write: npm run ronde -- ${[...given, flags].join(' ')}, or: npx ronde ${[...given, flags].join(' ')}`;
}
