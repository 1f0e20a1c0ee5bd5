import { join } from 'node:path';

/** The folder where test runs keep compiled code: compiling is half the start of a short Node process. */
export const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/compiled');

/** The environment that a Node process of a test starts from: the programs of this machine and compiled code. */
export const nodeEnvironment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  NODE_COMPILE_CACHE: COMPILED,
});
