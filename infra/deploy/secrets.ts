import type { ScheduledFunction } from '../scheduler/parse.ts';

/** Secrets that `ronde secret generate` makes; the operator copies the others from their issuers. */
const GENERATED = [
  'CRON_SECRET',
  'CRON_SECRET_PREVIOUS',
  'LINK_KEY',
  'LINK_KEY_PREVIOUS',
  'INBOX_SEALING_KEY',
  'INBOX_SEALING_KEY_PREVIOUS',
];

/** A secret of Secret Manager, its variables, and the accounts that read it. */
export interface PlannedSecret {
  name: string;
  variables: string[];
  readers: string[];
}

/** Lists each secret once. Only the accounts of the functions that use it may read it. */
export function listSecrets(
  functions: readonly ScheduledFunction[],
  accountOf: (name: string) => string,
): PlannedSecret[] {
  const found = new Map<string, { variables: Set<string>; readers: Set<string> }>();
  for (const { name, secrets } of functions) {
    for (const [variable, secret] of Object.entries(secrets)) {
      const entry = found.get(secret) ?? { variables: new Set(), readers: new Set() };
      found.set(secret, entry);
      entry.variables.add(variable);
      entry.readers.add(accountOf(name));
    }
  }
  return [...found].map(([name, { variables, readers }]) => ({
    name,
    variables: [...variables],
    readers: [...readers],
  }));
}

/** Returns the command that creates a secret. Its value does not end with a line feed, which would belong to it. */
export function toCreateCommand({ name, variables }: PlannedSecret, project: string): string {
  const value = variables.every((variable) => GENERATED.includes(variable))
    ? "npx ronde secret generate | tr -d '\\n'"
    : 'read -rs V && printf %s "$V"';
  return `${value} | gcloud secrets create ${name} --data-file=- --project=${project}`;
}
