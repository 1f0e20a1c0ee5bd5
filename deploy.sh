#!/usr/bin/env bash
# Deploys Ronde to Google Cloud. Begins with setup, then release; infra/deploy/ has the steps. Needs bash 3.2 or newer,
# as macOS has it; on Windows use WSL.
set -eu
cd "$(dirname "$0")"
node=node_modules/.bin/node
if [ ! -x "$node" ]; then
  echo 'The packages are not installed; run npm ci.' >&2
  exit 1
fi
exec "$node" infra/deploy/main.ts "$@"
