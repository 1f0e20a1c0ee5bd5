#!/usr/bin/env node
// Starts the command line with the product's own Node.js, which the package `node` brings: the machine's may be older.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const pinned = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
const { status, signal } = spawnSync(
  existsSync(pinned) ? pinned : process.execPath,
  [main, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
