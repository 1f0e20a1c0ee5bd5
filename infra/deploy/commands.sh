# shellcheck shell=bash disable=SC2034,SC2154
# The command functions of deploy.sh, which sources this file. Each prints its command and, except in a dry run, runs it.
# Also reports what was done after a failure. deploy.sh sets $dry, $project and $plan.

# Commands must not read from the keyboard, nor the input of the loop around them.
export CLOUDSDK_CORE_DISABLE_PROMPTS=1

show() {
  local line
  printf -v line '%q ' "$@"
  echo "${line% }"
}

run() {
  show "$@"
  [ -n "$dry" ] || "$@" </dev/null
}

# ask PLACEHOLDER COMMAND...: sets $answer to the output of the command, in a dry run to the placeholder.
ask() {
  show "${@:2}"
  answer=$1
  [ -n "$dry" ] || answer=$("${@:2}" </dev/null)
}

# settle COMMAND...: hides the output, and succeeds if the resource exists already. Retries while a new service account
# is not known everywhere, which takes some seconds.
settle() {
  show "$@"
  [ -z "$dry" ] || return 0
  local wait errors
  for wait in 2 4 8 16 0; do
    if errors=$("$@" 2>&1 >/dev/null </dev/null); then return 0; fi
    if grep -qiE 'already exists|ALREADY_EXISTS' <<<"$errors"; then return 0; fi
    if ! grep -qiE 'service account .* does not exist' <<<"$errors"; then break; fi
    sleep "$wait"
  done
  echo "$errors" >&2
  return 1
}

in_project() { "$1" "${@:2}" "--project=$project"; }

# records KIND: prints the records of one kind in the plan, without the kind.
records() { sed -n "s/^$1\t//p" <<<"$plan"; }

finished=() current='' pending=()

# begin STEP...: sets all steps, and starts the first.
begin() { current=$1 pending=("${@:2}"); }

# step NAME: finishes the current step, and starts NAME.
step() {
  finished+=("$current")
  current=$1
  pending=("${pending[@]:1}")
  echo "# $1"
}

join_list() {
  local line
  printf -v line ', %s' "$@"
  echo "${line#, }"
}

report() {
  local code=$?
  [ "$code" -ne 0 ] || return 0
  echo "deploy.sh failed (exit $code) at: $current"
  echo "  done:     $(join_list "${finished[@]:-nothing}")"
  echo "  not done: $(join_list "$current (perhaps in part)" "${pending[@]}")"
  echo 'Correct the cause and run the same command again; it skips what exists already.'
} >&2

stop() {
  printf '%s\n' "$@" >&2
  exit 1
}
