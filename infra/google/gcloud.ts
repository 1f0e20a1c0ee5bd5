import { spawn } from 'node:child_process';

/** A command of gcloud that failed, with what it wrote to standard error. */
export class GcloudError extends Error {
  /** The resource does not exist, as opposed to "no permission" or "no network". */
  get isMissing(): boolean {
    return /\bNOT_FOUND\b|\bnot found\b|does not exist|\[404\]|Cannot find/i.test(this.message);
  }
  get isExisting(): boolean {
    return /already exists|ALREADY_EXISTS/i.test(this.message);
  }
}

/** Runs gcloud in a project: reads answer parsed JSON, changes are printed and tried again if the failure passes. */
export interface Gcloud {
  /** True if commands are only printed. */
  readonly isDry: boolean;
  /** Returns the JSON of a command. In a dry run prints it and returns `unknown`. */
  read<T>(args: readonly string[], unknown: T): Promise<T>;
  /** Returns the text of a command. In a dry run prints it and returns `unknown`. */
  ask(args: readonly string[], unknown: string): Promise<string>;
  /** Makes a change, and prints it. */
  change(args: readonly string[]): Promise<void>;
  /** The number of commands that were run. */
  calls(): number;
}

export interface GcloudOptions {
  project: string;
  isDry: boolean;
  env: NodeJS.ProcessEnv;
  /** The folder in which gcloud works. */
  cwd: string;
  print: (line: string) => void;
  wait: (ms: number) => Promise<void>;
}

/** The waits before each further attempt: half a minute until a new account is known everywhere. */
const WAITS_MS = [2_000, 4_000, 8_000, 16_000];

/**
 * Failures that pass by themselves: contention and overload by Google's codes, and accounts, roles and APIs that were
 * made a minute ago and are not known everywhere (firebase-tools #1119, #10859; terraform-provider-google #16599).
 */
const PASSING = [
  /\b(ABORTED|UNAVAILABLE|RESOURCE_EXHAUSTED)\b/,
  /\b(status=\[?|HTTPError |code=)(429|502|503|504)\b/,
  /contention|please retry|concurrent policy changes|underlying data changed/i,
  /service ?accounts?\b.{0,200}(does not exist|was not found|not found)|unknown service account/is,
  /has not been used in project|enabled this API recently/i,
  /build service account.{0,80}does not have/i,
];

/** Returns true if the same command may succeed in a minute. */
export const isPassing = (message: string): boolean => PASSING.some((pattern) => pattern.test(message));

/** Opens gcloud. Every command gets the project. */
export function openGcloud(options: GcloudOptions): Gcloud {
  let calls = 0;
  const run = async (args: readonly string[]): Promise<string> => {
    for (const wait of [...WAITS_MS, null]) {
      calls += 1;
      const { code, stdout, stderr } = await spawnGcloud(args, options);
      if (code === 0) return stdout;
      if (wait === null || !isPassing(stderr)) throw new GcloudError(stderr.trim());
      await options.wait(wait);
    }
    throw new Error('unreachable');
  };
  const inProject = (args: readonly string[]) => [...args, `--project=${options.project}`];
  const show = (args: readonly string[]) => options.print(['gcloud', ...args].map(quote).join(' '));
  return {
    isDry: options.isDry,
    calls: () => calls,
    async read(args, unknown) {
      const full = [...inProject(args), '--format=json'];
      if (options.isDry) show(full);
      return options.isDry ? unknown : (JSON.parse((await run(full)) || 'null') ?? unknown);
    },
    async ask(args, unknown) {
      if (options.isDry) show(args);
      return options.isDry ? unknown : (await run(args)).trim();
    },
    async change(args) {
      show(inProject(args));
      if (!options.isDry) await run(inProject(args));
    },
  };
}

function spawnGcloud(args: readonly string[], { env, cwd }: Pick<GcloudOptions, 'env' | 'cwd'>) {
  // Commands never ask: they have no keyboard.
  const child = spawn('gcloud', args, {
    cwd,
    env: { ...env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', () => reject(new Error('gcloud is not installed; deploying needs it.')));
    child.on('close', (code) => resolve({ code: code ?? 1, ...output }));
  });
}

/** Quotes a word for a shell, if it needs it. */
function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
