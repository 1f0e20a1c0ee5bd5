# shellcheck shell=bash disable=SC2034,SC2154
# The hands of deploy.sh: every command goes through one of these, which shows it and, unless this is a dry run, runs
# it; and the account of what was done, whatever happens. Sourced; $dry, $project and $plan are deploy.sh's.

# Commands never read from the keyboard, nor from the loop they stand in.
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

# ask PLACEHOLDER COMMAND...: the command's answer goes to $answer, in a dry run the placeholder.
ask() {
  show "${@:2}"
  answer=$1
  [ -n "$dry" ] || answer=$("${@:2}" </dev/null)
}

# A command whose output nobody needs. Creating what exists already is no failure; and an account that was just made
# is not known everywhere for some seconds, so it is tried again.
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

# The records of one kind in the plan, without their kind.
records() { sed -n "s/^$1\t//p" <<<"$plan"; }

finished=() current='' pending=()

# begin STEP...: all that is to be done; the first begins.
begin() { current=$1 pending=("${@:2}"); }

# step NAME: what came before is done, NAME begins.
step() {
  finished+=("$current")
  current=$1
  pending=("${pending[@]:1}")
  echo "# $1"
}

listed() {
  local line
  printf -v line ', %s' "$@"
  echo "${line#, }"
}

report() {
  local code=$?
  [ "$code" -ne 0 ] || return 0
  echo "deploy.sh failed (exit $code) at: $current"
  echo "  done:     $(listed "${finished[@]:-nothing}")"
  echo "  not done: $(listed "$current (perhaps in part)" "${pending[@]}")"
  echo 'Mend the cause and run the same command again: what is done already is found and left.'
} >&2

stop() {
  printf '%s\n' "$@" >&2
  exit 1
}
