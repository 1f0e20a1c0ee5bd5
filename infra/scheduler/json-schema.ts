import { z } from 'zod';
import { mounted, tasks } from '../../functions/registry.ts';
import { defaultsSchema, functionSchema, jobSchema } from './schema.ts';

/**
 * Returns the JSON Schema of infra/scheduler.yaml, with which editors complete and check it. `npm run
 * write:schema` writes it.
 */
export function toScheduleSchema(): object {
  const names = z.enum([...new Set(mounted.map(({ name }) => name))] as [string, ...string[]]);
  const jobs = tasks.map((task) =>
    jobSchema.extend({
      function: z.literal(task.name),
      method: z.enum(task.methods as unknown as [string, ...string[]]),
      route: z.literal(task.route),
      params: z
        .strictObject(task.params as z.ZodRawShape)
        .partial()
        .optional(),
    }),
  );
  const file = z.strictObject({
    defaults: defaultsSchema,
    functions: z.partialRecord(names, functionSchema),
    jobs: z.array(z.discriminatedUnion('function', jobs as [(typeof jobs)[number], ...typeof jobs])),
  });
  return z.toJSONSchema(file, { io: 'input', target: 'draft-7', unrepresentable: 'any', reused: 'ref' });
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(toScheduleSchema(), null, 2)}\n`);
