import { UsageError } from './usage-error.ts';

/** Returns the login of an account: the name of a secret, or the credentials from standard input. */
export async function readAuth({
  secretRef,
  oauth,
}: {
  secretRef?: string;
  oauth?: true;
}): Promise<Record<string, unknown>> {
  const method = oauth ? 'xoauth2' : 'password';
  if (secretRef !== undefined) return { method, secret_ref: secretRef };
  if (!oauth) return { method, password: await readPassword() };
  try {
    const given: unknown = JSON.parse(await readInput());
    if (typeof given === 'object' && given !== null) return { method, ...given };
  } catch {
    // The input may hold secrets, so the error below does not quote it.
  }
  throw new UsageError(
    '--oauth needs a JSON object on standard input; give refresh_token, client_id, client_secret and token_url.',
  );
}

/** Reads the first line of standard input. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (visible as you type; or pipe it in): ');
  const [password = ''] = (await readInput(/\n/)).split(/\r?\n/);
  if (password === '') throw new UsageError('Standard input holds no password; pipe it in.');
  return password;
}

/** Reads standard input to its end, or until it matches `until`. */
async function readInput(until?: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (until?.test(text)) break;
  }
  return text;
}
