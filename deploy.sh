#!/usr/bin/env bash
# Deploys Ronde to Google Cloud: accounts, indexes, functions, schedule; then calls each function. Safe to run again.
# infra/scheduler.yaml describes what it deploys; the plain variables come from the environment or .env.production.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
Usage: ./deploy.sh --project ID --region REGION [--only a,b] [--dry-run] [--skip-build] [--no-invoker-check]
  --only a,b          deploy and call only these functions; accounts, indexes and the schedule are updated all the same
  --dry-run           print every command, in order, and change nothing; needs neither network nor login
  --skip-build        deploy dist/ as it is
  --no-invoker-check  if the organisation forbids allUsers: disable Cloud Run's IAM check instead of granting access
TEXT
}

project='' region='' only='' dry='' skip_build='' closed=''
wrong() { echo "deploy.sh: $1" >&2; usage >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --project | --region | --only)
      [ -n "${2:-}" ] || wrong "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --dry-run) dry=1 ;;
    --skip-build) skip_build=1 ;;
    --no-invoker-check) closed=1 ;;
    --help) usage; exit 0 ;;
    *) wrong "$1 is not an option" ;;
  esac
  shift
done
[[ $project =~ ^[a-z][a-z0-9.:-]*[a-z0-9]$ ]] || wrong "--project '$project' is not a project id; legal: my-project and so on"
[[ $region =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || wrong "--region '$region' is not a region; legal: europe-west1 and so on"

# shellcheck source=infra/deploy/commands.sh
source infra/deploy/commands.sh
begin tools plan APIs accounts secrets Firestore queues build functions schedule 'smoke test'
trap report EXIT

PATH="$PWD/node_modules/.bin:$PATH"
[ -x node_modules/.bin/esbuild ] || stop 'The packages are not installed; run npm install.'
if [ -z "$dry" ]; then
  for tool in gcloud curl; do command -v "$tool" >/dev/null || stop "$tool is not installed; deploying needs it."; done
  gcloud auth print-access-token >/dev/null || stop 'gcloud is not signed in; run gcloud auth login.'
  # Google's client for Cloud Scheduler needs a separate login, except for a stand-in on this machine.
  [ -n "${CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER:-}" ] ||
    gcloud auth application-default print-access-token >/dev/null ||
    stop 'There are no application default credentials; run gcloud auth application-default login.'
fi
ask PROJECT_NUMBER gcloud projects describe "$project" '--format=value(projectNumber)'
number=$answer
ask '' gcloud config get-value account

step plan
plan=$(node infra/deploy/main.ts --project "$project" --number "$number" --region "$region" ${only:+--only "$only"} \
  ${answer:+--operator "$answer"} ${closed:+--closed} ${dry:+--lenient})
while IFS=$'\t' read -r name email; do declare -x "$name=$email"; done < <(records account)
mapfile -t functions < <(records function | cut -f1)
database=$(records database)

step APIs
in_project settle gcloud services enable cloudfunctions.googleapis.com run.googleapis.com cloudbuild.googleapis.com \
  artifactregistry.googleapis.com cloudscheduler.googleapis.com cloudtasks.googleapis.com firestore.googleapis.com secretmanager.googleapis.com \
  iam.googleapis.com

# The functions may use the stores and read their secrets. The scheduler has no role: its identity is enough. The console
# may also read, pause and resume the jobs of Cloud Scheduler; it can neither change nor create one.
step accounts
while read -r id; do in_project settle gcloud iam service-accounts create "$id"; done < <(records create-account)
grant() { settle gcloud projects add-iam-policy-binding "$project" "--member=serviceAccount:$1" "--role=$2" --condition=None; }
grant "$FUNCTIONS_SERVICE_ACCOUNT" roles/datastore.user
grant "$CONSOLE_SERVICE_ACCOUNT" roles/datastore.user
for action in create update; do
  in_project settle gcloud iam roles "$action" rondeConsole --title=Ronde-console --stage=GA --quiet \
    --permissions=cloudscheduler.jobs.get,cloudscheduler.jobs.list,cloudscheduler.jobs.pause,cloudscheduler.jobs.enable
done
grant "$CONSOLE_SERVICE_ACCOUNT" "projects/$project/roles/rondeConsole"
grant "$BUILD_SERVICE_ACCOUNT" roles/cloudbuild.builds.builder

step secrets
missing=()
while IFS=$'\t' read -r name variables make; do
  in_project ask ENABLED gcloud secrets versions describe latest "--secret=$name" '--format=value(state)' || answer=''
  [ "${answer^^}" = ENABLED ] || missing+=("  $name (for $variables): $make")
done < <(records secret)
[ "${#missing[@]}" -eq 0 ] || stop 'These secrets are not in Secret Manager; create them and run again:' "${missing[@]}"
while IFS=$'\t' read -r name reader; do
  in_project settle gcloud secrets add-iam-policy-binding "$name" "--member=serviceAccount:$reader" \
    --role=roles/secretmanager.secretAccessor
done < <(records reader)

step Firestore
in_project ask there gcloud firestore databases describe "--database=$database" '--format=value(name)' ||
  stop "The Firestore database does not exist. Its location is permanent, so choose one: gcloud firestore databases create --location=$region --project=$project"
while IFS=$'\t' read -r -a flags; do
  in_project settle gcloud firestore indexes composite create "${flags[@]}" "--database=$database" --async
done < <(records composite)
while IFS=$'\t' read -r -a flags; do
  in_project run gcloud firestore indexes fields update "${flags[@]}" "--database=$database"
done < <(records exemption)
while IFS=$'\t' read -r -a flags; do
  in_project run gcloud firestore fields ttls update "${flags[@]}" --enable-ttl "--database=$database" --async
done < <(records ttl)

# The functions may add calls to their queues, signed as an account without roles: its identity is enough.
step queues
while IFS=$'\t' read -r -a flags; do
  in_project settle gcloud tasks queues create "${flags[@]}" "--location=$region"
  in_project settle gcloud tasks queues update "${flags[@]}" "--location=$region"
  in_project settle gcloud tasks queues add-iam-policy-binding "${flags[0]}" "--location=$region" \
    "--member=serviceAccount:$FUNCTIONS_SERVICE_ACCOUNT" --role=roles/cloudtasks.enqueuer
done < <(records queue)
[ -z "$(records queue)" ] || in_project settle gcloud iam service-accounts add-iam-policy-binding \
  "$TASKS_SERVICE_ACCOUNT" "--member=serviceAccount:$FUNCTIONS_SERVICE_ACCOUNT" --role=roles/iam.serviceAccountUser

step build
[ -n "$skip_build" ] || run npm run -s build -- --only "$(IFS=, && echo "${functions[*]}")"

step functions
[ -n "$dry" ] || { rm -rf .local/deploy && mkdir -p .local/deploy; }
while IFS=$'\t' read -r file line; do
  if [ -n "$dry" ]; then echo "#   $file: $line"; else echo "$line" >>"$file"; fi
done < <(records env)
while IFS=$'\t' read -r -a flags; do
  in_project run gcloud functions deploy "${flags[@]}" "--region=$region"
  [ -z "$closed" ] || in_project run gcloud run services update "${flags[0]}" --no-invoker-iam-check "--region=$region"
  finished+=("function ${flags[0]}")
done < <(records function)

# The schedule computes the addresses of the functions; those of a developer's .env would be wrong.
step schedule
export FUNCTION_URLS=''
run npm run -s ronde -- scheduler apply --project "$project" --region "$region"

step 'smoke test'
while read -r name; do
  in_project run gcloud functions call "$name" --gen2 "--region=$region" '--data={"dry_run":true}'
done < <(records try-task)
# The function must answer, neither Google (403, 404) nor a crash.
while IFS=$'\t' read -r name route; do
  in_project ask "https://$region-$project.cloudfunctions.net/$name" gcloud functions describe "$name" --gen2 \
    "--region=$region" '--format=value(url)'
  ask 401 curl -sS -o /dev/null -w '%{http_code}' --max-time 60 "$answer$route"
  [[ $answer =~ ^(200|401|405)$ ]] || stop "$name answers $answer instead of 200, 401 or 405; read its log."
done < <(records try-api)
[ -z "$dry" ] || {
  # Repeats the faults from above, where nobody looks now.
  while read -r fault; do echo "would stop: $fault" >&2; done < <(records fault)
  echo "# dry run, nothing was done; functions: $(join_list "${functions[@]}")"
  exit 0
}
echo "# done: $(join_list "${functions[@]}")"
