import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type DeployContext, DeployError } from '../context.ts';

const RULES = new URL('../../firestore.rules', import.meta.url);

const release = z.object({ rulesetName: z.string() });
const ruleset = z.object({
  name: z.string().optional(),
  source: z.object({ files: z.array(z.object({ content: z.string() })) }).optional(),
});

/**
 * Releases infra/firestore.rules, which closes the database to browsers. A database made in test mode is open to every
 * browser until then. Other rules may serve another application, so they need --adopt.
 */
export async function setUpRules({
  rest,
  plan,
  options,
}: Pick<DeployContext, 'rest' | 'plan' | 'options'>): Promise<void> {
  const content = readFileSync(RULES, 'utf8');
  const name = `projects/${options.project}/releases/cloud.firestore${plan.database === '(default)' ? '' : `/${plan.database}`}`;
  const get = (path: string) => rest.call({ api: 'firebaserules', method: 'GET', path: `v1/${path}` });
  const current = release.nullable().parse(await get(name));
  const rules = current && ruleset.nullable().parse(await get(current.rulesetName));
  const files = rules?.source?.files ?? [];
  if (files.some((file) => file.content === content)) return;
  if (files.length > 0 && !options.adopt)
    throw new DeployError(
      `The database ${plan.database} has other security rules, perhaps of another application; look at them in the Firebase console, then give --adopt to replace them by infra/firestore.rules.`,
    );
  const made = await rest.call({
    api: 'firebaserules',
    method: 'POST',
    path: `v1/projects/${options.project}/rulesets`,
    body: { source: { files: [{ name: 'firestore.rules', content }] } },
  });
  const rulesetName = ruleset.nullable().parse(made)?.name ?? 'RULESET';
  await rest.call({
    api: 'firebaserules',
    method: current ? 'PATCH' : 'POST',
    path: current ? `v1/${name}` : `v1/projects/${options.project}/releases`,
    body: current ? { release: { name, rulesetName } } : { name, rulesetName },
  });
}
