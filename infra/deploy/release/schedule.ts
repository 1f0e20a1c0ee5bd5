import { describeApplied } from '../../cli/scheduler/print.ts';
import { readOverride } from '../../google/rest.ts';
import { applyPlan } from '../../scheduler/apply.ts';
import { openScheduler } from '../../scheduler/client.ts';
import { deployedJobs, jobPrefix } from '../../scheduler/deployed.ts';
import { planSchedule } from '../../scheduler/plan.ts';
import { type DeployContext, DeployError } from '../context.ts';

/** Brings Cloud Scheduler in line with infra/scheduler.yaml, by gcloud's own account. Leaves paused jobs paused. */
export async function applySchedule(context: DeployContext): Promise<void> {
  const { options, env, identity, print, report } = context;
  const { project, region, prefix, adopt, resume } = options;
  print(`npx ronde scheduler apply --project ${project} --region ${region}`);
  if (options.dry) return;
  const endpoint = readOverride('cloudscheduler', env);
  const api = openScheduler({
    project,
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(identity ? { accessToken: identity.accessToken } : {}),
  });
  try {
    const server = (await api.list()).filter(({ name }) =>
      name.startsWith(jobPrefix(project, region) + prefix),
    );
    const results = await applyPlan(
      planSchedule(deployedJobs({ project, region, prefix }, env), server),
      api,
      {
        adopt,
        resume,
        onApplied: (result) => print(`# ${describeApplied(result)}`),
      },
    );
    const failed = results.filter(({ error }) => error !== null);
    if (failed.length > 0) throw new DeployError(failed.map(describeApplied).join('\n'));
    for (const { id } of results.filter(({ left }) => left))
      report.remark(`${id} stays paused, since a person paused it; --resume resumes it`);
  } finally {
    await api.close();
  }
}
