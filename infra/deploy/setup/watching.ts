import { z } from 'zod';
import { type DeployContext, LABEL } from '../context.ts';
import { ALERT_POLICIES, RUNS_METRIC } from './alert-policies.ts';

const named = z.object({ name: z.string().default(''), displayName: z.string().default('') });
const channelList = z.object({
  notificationChannels: z
    .array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }))
    .default([]),
});
const policyList = z.object({ alertPolicies: z.array(named).default([]) });

/** Makes alert policies, which report what watch-runs cannot: that it is gone itself, or that it cannot send mail. */
export async function setUpAlerts(context: DeployContext): Promise<void> {
  const { gcloud, rest, options, env, report } = context;
  const metrics = z
    .array(named)
    .parse(await gcloud.read(['logging', 'metrics', 'list', `--filter=name=${RUNS_METRIC.name}`], []));
  if (metrics.length === 0) {
    const flags = [`--description=${RUNS_METRIC.description}`, `--log-filter=${RUNS_METRIC.filter}`];
    await gcloud.change(['logging', 'metrics', 'create', RUNS_METRIC.name, ...flags]);
  }
  const address = options.alertTo ?? env.OPERATORS?.split(',')[0]?.trim();
  if (!address) return report.remark('no alert policy: neither --alert-to nor OPERATORS names an address');
  const monitoring = (method: 'GET' | 'POST', path: string, body?: object) =>
    rest.call({
      api: 'monitoring',
      method,
      path: `v3/projects/${options.project}/${path}`,
      ...(body ? { body } : {}),
    });
  const { notificationChannels } = channelList.parse((await monitoring('GET', 'notificationChannels')) ?? {});
  const userLabels = { [LABEL.key]: LABEL.value };
  const channel =
    notificationChannels.find(({ labels }) => labels.email_address === address)?.name ??
    named.parse(
      (await monitoring('POST', 'notificationChannels', {
        type: 'email',
        displayName: 'Ronde',
        labels: { email_address: address },
        userLabels,
      })) ?? {},
    ).name;
  const { alertPolicies } = policyList.parse((await monitoring('GET', 'alertPolicies')) ?? {});
  for (const policy of ALERT_POLICIES) {
    if (alertPolicies.some(({ displayName }) => displayName === policy.displayName)) continue;
    await monitoring('POST', 'alertPolicies', { ...policy, userLabels, notificationChannels: [channel] });
  }
}

const budgetList = z.array(named);
const BUDGET_NAME = 'Ronde';

/** Makes a budget alert on the billing account, if one is asked for. */
export async function setUpBudget({ gcloud, options }: DeployContext): Promise<void> {
  const { budget, billingAccount } = options;
  if (budget === undefined || billingAccount === undefined) return;
  const account = `--billing-account=${billingAccount}`;
  const found = budgetList.parse(await gcloud.read(['billing', 'budgets', 'list', account], []));
  if (found.some(({ displayName }) => displayName === BUDGET_NAME)) return;
  await gcloud.change([
    'billing',
    'budgets',
    'create',
    account,
    `--display-name=${BUDGET_NAME}`,
    `--budget-amount=${budget}`,
    `--filter-projects=projects/${options.project}`,
    '--threshold-rule=percent=0.5',
    '--threshold-rule=percent=1.0',
  ]);
}
