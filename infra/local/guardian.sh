#!/bin/sh
# Outlives the process that started it, to kill that one's engines: it reads `+ PID` and `- PID` lines, and at the end of
# its input (its owner is gone, however it went) kills the PIDs that are left. infra/local/guardian.ts starts it.
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="${pids%% "$pid" *} ${pids#* "$pid" }" ;;
  esac
done
for pid in $pids; do
  kill -KILL "$pid" 2>/dev/null
done
