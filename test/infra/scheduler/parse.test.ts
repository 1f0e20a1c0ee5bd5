import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { tasks } from '../../../functions/registry.ts';
import { functionNames } from '../../../infra/build.ts';
import { readSchedule } from '../../../infra/scheduler/file.ts';
import { toScheduleSchema } from '../../../infra/scheduler/json-schema.ts';
import { parseSchedule } from '../../../infra/scheduler/parse.ts';
import { ScheduleError } from '../../../infra/scheduler/problems.ts';
import { integerParam } from '../../../shared/runtime/params.ts';

// One task and one API without comments and blank lines, so that each text is on a single line.
const PLAIN = readFileSync(join(import.meta.dirname, 'sample.yaml'), 'utf8');
const TASK = {
  route: '/api/v1/monitoring/close-inactive-visits',
  methods: ['POST'],
  params: z.object({ inactivity_minutes: integerParam(1, 1440).default(30) }),
  budgetSeconds: 120,
  onOverlap: 'skip' as 'skip' | 'retry',
};
const CONTEXT = {
  file: 'infra/scheduler.yaml',
  tasks: { 'close-inactive-visits': TASK },
  functions: ['close-inactive-visits', 'visits'],
};

/** The problems of a text, and the message that lists them. */
function refusal(text: string, context: Parameters<typeof parseSchedule>[1] = CONTEXT): ScheduleError {
  try {
    parseSchedule(text, context);
  } catch (error) {
    if (error instanceof ScheduleError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('the shipped file parses, with every function and one job for every task', () => {
  const file = readSchedule();
  expect(file.functions.map(({ name }) => name).sort()).toEqual(functionNames());
  expect(file.jobs.map((job) => job.function).sort()).toEqual(tasks.map(({ name }) => name).sort());
  expect(file.jobs[0]).toMatchObject({
    function: 'close-inactive-visits',
    on_overlap: 'skip',
    period_seconds: 900,
  });
});

const REJECTED: [title: string, from: string, to: string, message: RegExp, at?: string][] = [
  [
    'a minute out of range',
    '"*/15 * * * *"',
    "'61 * * * *'",
    /jobs\[0\]\.schedule: "61 \* \* \* \*" .*legal: 0-59/,
  ],
  ['an unquoted star', '"*/15 * * * *"', '*/15 * * * *', /need quotes|in quotes/],
  ['a nickname', '"*/15 * * * *"', "'@daily'", /nickname/],
  ['seconds', '"*/15 * * * *"', "'0 */15 * * * *'", /6 fields/],
  ['a day that never comes', '"*/15 * * * *"', "'0 0 30 2 *'", /never fires/],
  [
    'a no-break space in a schedule',
    '"*/15 * * * *"',
    "'*/15\u00a0* * * *'",
    /schedule: .* has the character U\+00A0; legal: .* plain spaces/,
  ],
  ['a number for a schedule', '"*/15 * * * *"', '15', /schedule: 15 legal: a unix-cron/],
  ['an unknown zone', 'Etc/UTC', 'Paris', /did you mean Europe\/Paris/],
  ['an offset for a zone', 'Etc/UTC', "'+02:00'", /time_zone: "\+02:00" is not an IANA/],
  ['a route that is not the task’s', 'route: /api/v1/', 'route: /api/v2/', /route: .* is not the task's/],
  ['a route with a query', '-visits\n    schedule', '-visits?a=1\n    schedule', /has no query/],
  [
    'a method the task refuses',
    'method: POST',
    'method: GET',
    /method: "GET" is not the task's; legal: POST/,
  ],
  ['an unknown method', 'method: POST', 'method: PUT', /legal: GET or POST/],
  [
    'an unknown parameter',
    'inactivity_minutes: 30',
    'inactivity_minute: 30',
    /did you mean inactivity_minutes/,
  ],
  [
    'a parameter out of range',
    'inactivity_minutes: 30',
    'inactivity_minutes: 99999',
    /params\.inactivity_minutes: 99999 must be a whole number from 1 to 1440/,
  ],
  [
    'a parameter in words',
    'inactivity_minutes: 30',
    'inactivity_minutes: thirty',
    /"thirty" must be a whole number from 1 to 1440/,
  ],
  ['a job of dry runs', 'inactivity_minutes: 30', 'dry_run: true', /never changes anything/],
  ['a second budget', 'inactivity_minutes: 30', 'budget_seconds: 5', /the job's own budget_seconds/],
  ['a list for a parameter', 'inactivity_minutes: 30', 'inactivity_minutes: [30]', /a text, a number/],
  ['an unknown key of a job', 'time_zone:', 'time_zon:', /time_zon: .*did you mean time_zone/],
  ['an unknown key of a retry', 'min_backoff:', 'min_backof:', /did you mean min_backoff/],
  ['an unknown key at the top', 'jobs:', 'job:', /did you mean jobs/],
  [
    'a duplicate key',
    'method: POST',
    'method: POST\n    method:  POST',
    /"method" is stated twice; legal: once/,
    'method:  POST',
  ],
  [
    'a job for an unknown function',
    '- function: close-inactive-visits',
    '- function: close-inactive-visit',
    /did you mean/,
  ],
  ['a job for an API', '- function: close-inactive-visits', '- function: visits', /is not a task/],
  [
    'a budget at the deadline',
    'attempt_deadline: 180s',
    'attempt_deadline: 120s',
    /below the attempt_deadline/,
    'budget_seconds',
  ],
  [
    'a budget above the task’s',
    'budget_seconds: 120',
    'budget_seconds: 121',
    /above the budget of the task; legal: 5 to 120/,
  ],
  ['a budget that is too small', 'budget_seconds: 120', 'budget_seconds: 4', /legal: a whole number from 5/],
  ['a deadline above the timeout', 'attempt_deadline: 180s', 'attempt_deadline: 301s', /timeout of 300s/],
  ['a deadline above 30 minutes', 'attempt_deadline: 180s', 'attempt_deadline: 31m', /15s to 30m/],
  ['a deadline below 15 seconds', 'attempt_deadline: 180s', 'attempt_deadline: 14s', /15s to 30m/],
  ['a duration without unit', 'attempt_deadline: 180s', 'attempt_deadline: 180', /180s, 3m or 1h/],
  ['a fractional duration', 'grace: 10m', 'grace: 1.5m', /180s, 3m or 1h/],
  ['a grace as long as the period', 'grace: 10m', 'grace: 15m', /grace: "15m" legal: less than the 900s/],
  ['a timeout above an hour', 'timeout: 300s', 'timeout: 3601s', /1s to 3600s/],
  ['too many retries', 'count: 3', 'count: 6', /from 0 to 5/],
  ['retries that are not stated', '      count: 3\n', '', /retry\.count: is missing/, 'retry:'],
  ['no retry at all', '      max_duration: 0s\n', '', /max_duration: is missing/, 'retry:'],
  ['retries into the next occurrence', 'count: 3', 'count: 5', /until the next occurrence/],
  [
    'a duration without retries',
    'count: 3\n      min_backoff: 35s\n      max_backoff: 70s\n      max_doublings: 1\n      max_duration: 0s',
    'count: 0\n      min_backoff: 35s\n      max_backoff: 70s\n      max_doublings: 1\n      max_duration: 1m',
    /no effect without retries/,
    'max_duration',
  ],
  ['a minimum above the maximum', 'min_backoff: 35s', 'min_backoff: 71s', /at most the max_backoff/],
  [
    'a first wait within the lease of a killed run',
    'min_backoff: 35s',
    'min_backoff: 30s',
    /could find the lease of the killed attempt; legal: more than its 30s/,
  ],
  ['no doubling', 'max_doublings: 1', 'max_doublings: 0', /from 1 to 16/],
  ['another overlap than the task’s', 'on_overlap: skip', 'on_overlap: retry', /legal: skip/],
  ['an unknown overlap', 'on_overlap: skip', 'on_overlap: queue', /skip or retry/],
  ['no proof', '      type: oidc\n', '      audience: https://a.example\n', /type oidc/, 'auth:'],
  ['an unknown proof', 'type: oidc', 'type: basic', /type oidc/],
  [
    'an audience for a secret',
    'type: oidc',
    'type: secret\n      audience: https://a.example',
    /audience: is not/,
    'audience',
  ],
  [
    'an audience with a query',
    'type: oidc',
    'type: oidc\n      audience: https://a.example?x',
    /without query/,
    'audience',
  ],
  ['paused in words', 'paused: false', 'paused: no', /true or false/],
  ['an empty description', 'description: Closes', "description: ''\n    #", /1 to 446/],
  [
    'a description that a terminal would reverse',
    'description: Closes',
    'description: "\\u202ecloses"\n    #',
    /description: "\\u202ecloses" legal: one line of 1 to 446 visible/,
  ],
  ['a description with a bell', 'description: Closes', 'description: "\\u0007"\n    #', /visible characters/],
  [
    'an empty item',
    '- function: close-inactive-visits',
    '-\n  - function: close-inactive-visits',
    /jobs\[0\]: null legal: a map/,
  ],
  ['an empty function', '  visits:', '  visits:\n  visit:', /functions\.visits: null legal: a map/],
  [
    'an anchor within itself',
    'secrets:',
    'secrets: &a\n      OTHER: *a',
    /"\*a" repeats the value that it is a part of/,
    'OTHER',
  ],
  [
    'more memory than its CPU may have',
    'memory: 512Mi',
    'memory: 4Gi\n    cpu: 0.5',
    /cpu: 0\.5 needs at least 1 CPU with 4Gi/,
    'cpu: 0.5',
  ],
  ['more CPU than its memory may have', 'cpu: 1', 'cpu: 8', /cpu: 8 needs at least 4Gi with 8 CPU/],
  ['concurrency on part of a CPU', 'concurrency: 1\n', 'concurrency: 2\n', /512Mi implies less than one/],
  ['illegal memory', 'memory: 512Mi', 'memory: 500Mi', /128Mi or 256Mi/],
  ['no room for new objects', 'max_instances: 2', 'semi_space_mib: 0\n    max_instances: 2', /1 to 64/],
  ['an illegal CPU', 'cpu: 1', 'cpu: 3', /0\.08 to 1/],
  ['a secret with a slash', 'ronde-cron-secret', 'projects/a/secrets/b', /name of a secret/],
  ['a variable of Cloud Run’s own', '      CRON_SECRET:', '      PORT:', /does not set itself/],
  ['an API called a task', 'task: false', 'task: true', /is no task/],
  ['a task called an API', 'task: true', 'task: false', /is a task; legal: true/],
  ['a function without folder', '  visits:', '  visit:', /no folder .*did you mean visits/],
  [
    'a queue for a task that dispatches no batches',
    'max_instances: 2\n',
    'max_instances: 2\n    fan_out: { max_concurrent: 1, max_per_second: 1 }\n',
    /fan_out: but the function dispatches no batches/,
    'fan_out',
  ],
  [
    'a queue without a rate',
    'max_instances: 2\n',
    'max_instances: 2\n    fan_out: { max_concurrent: 1 }\n',
    /max_per_second: is missing/,
    'fan_out',
  ],
  ['another runtime', 'nodejs24', 'nodejs20', /legal: nodejs24/],
  ['an alias without anchor', 'retry:', 'retry: *usual\n    x:', /no anchor/],
];

test.each(REJECTED)('rejects %s, on its line', (_title, from, to, message, at) => {
  expect(PLAIN).toContain(from);
  const error = refusal(PLAIN.replace(from, () => to));
  expect(error.message).toMatch(message);
  // The expected line: the changed one, or the one that contains `at`.
  const wrong = PLAIN.replace(from, () => to);
  const offset = at === undefined ? PLAIN.indexOf(from) : wrong.indexOf(at);
  const found = error.message.split('\n').find((line) => message.test(line));
  expect(found).toMatch(`infra/scheduler.yaml:${wrong.slice(0, offset).split('\n').length} `);
});

test('rejects two jobs of one task, and a task without a job', () => {
  const job = PLAIN.slice(PLAIN.indexOf('  - function'));
  expect(refusal(PLAIN + job).message).toMatch(/jobs\[1\]\.function: .* has a job already, jobs\[0\]/);
  expect(refusal(PLAIN.replace(`jobs:\n${job}`, 'jobs: []\n')).message).toMatch(/is a task and has no job/);
});

test('a task that retries needs two retries', () => {
  const context = {
    ...CONTEXT,
    tasks: { 'close-inactive-visits': { ...TASK, onOverlap: 'retry' as const } },
  };
  const retrying = PLAIN.replace('on_overlap: skip', 'on_overlap: retry').replace('count: 3', 'count: 1');
  expect(refusal(retrying, context).message).toMatch(/at least 2 if on_overlap is retry/);
});

test('a queue may use every instance except that of the dispatching run', () => {
  const context = { ...CONTEXT, tasks: { 'close-inactive-visits': { ...TASK, fansOut: true } } };
  const withQueue = (most: number) =>
    PLAIN.replace(
      'max_instances: 2\n',
      `max_instances: 2\n    fan_out: { max_concurrent: ${most}, max_per_second: 1 }\n`,
    );
  expect(parseSchedule(withQueue(1), context).functions[0]?.fan_out).toEqual({
    max_concurrent: 1,
    max_per_second: 1,
  });
  expect(refusal(withQueue(2), context).message).toMatch(/max_concurrent: 2 .*legal: at most .* which is 1/);
});

test('reports every problem at once, each on its line', () => {
  const wrong = PLAIN.replace('nodejs24', 'nodejs20')
    .replace('Etc/UTC', 'Mars')
    .replace('count: 3', 'count: 9');
  const { problems, message } = refusal(wrong.replace('"*/15 * * * *"', "'61 * * * *'"));
  expect(problems.map(({ key }) => key)).toEqual([
    'defaults.runtime',
    'jobs[0].schedule',
    'jobs[0].time_zone',
    'jobs[0].retry.count',
  ]);
  expect(message).toContain('infra/scheduler.yaml:2 defaults.runtime: "nodejs20" legal: nodejs24');
});

test('fills variables from the environment, and names a missing one', () => {
  const env = { FUNCTIONS_SERVICE_ACCOUNT: 'f@p.example', SCHEDULER_SERVICE_ACCOUNT: 's@p.example' };
  expect(parseSchedule(PLAIN, { ...CONTEXT, env }).defaults.service_account).toBe('f@p.example');
  expect(refusal(PLAIN, { ...CONTEXT, env: {} }).problems).toHaveLength(2);
});

test('aliases are followed', () => {
  const text = PLAIN.replace('secrets:', 'secrets: &s').replace(
    /secrets:\n {6}UPSTASH_REDIS_REST_TOKEN: .*\n/,
    'secrets: *s\n',
  );
  expect(parseSchedule(text, CONTEXT).functions[1]?.secrets).toHaveProperty('CRON_SECRET');
});

test('rejects aliases that multiply, in one line', () => {
  const levels = [...'bcdefgh'].map(
    (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`)}]`,
  );
  const bomb = ['a: &a [1, 1]', ...levels].join('\n');
  expect(refusal(bomb).message).toBe(
    'infra/scheduler.yaml:1 its aliases multiply; legal: at most 1000 repeated values',
  );
});

test('an error shows control characters by their numbers', () => {
  const { message } = refusal(`${PLAIN}"\\u001b[31m\\u202ex": 1\n`);
  expect(message).toContain('\\u001b[31m\\u202ex: is not a key here');
});

test('infra/scheduler.schema.json is what the code makes, and takes the shipped file', () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, '../../../infra', name), 'utf8');
  const text = read('scheduler.yaml');
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=scheduler.schema.json');
  const schema = JSON.parse(read('scheduler.schema.json'));
  expect(schema, 'infra/scheduler.schema.json is old: npm run write:schema').toEqual(
    JSON.parse(JSON.stringify(toScheduleSchema())),
  );
  const judge = z.fromJSONSchema(schema);
  expect(judge.safeParse(parse(text)).error?.issues).toBeUndefined();
  const wrong = parse(text.replace('inactivity_minutes: 30', 'inactivity_minutes: 99999'));
  expect(judge.safeParse(wrong).success).toBe(false);
});

test('a legal file always parses', () => {
  const legal = fc.record({
    every: fc.constantFrom('*/15 * * * *', '*/20 * * * *', '7,37 8-18 * * MON-FRI'),
    zone: fc.constantFrom('Etc/UTC', 'Europe/Paris', 'America/New_York'),
    budget: fc.integer({ min: 5, max: 120 }),
    count: fc.integer({ min: 0, max: 3 }),
    minutes: fc.integer({ min: 1, max: 1440 }),
    paused: fc.boolean(),
    memory: fc.constantFrom('256Mi', '1Gi', '4Gi'),
  });
  fc.assert(
    fc.property(legal, (v) => {
      const text = PLAIN.replace('*/15 * * * *', v.every)
        .replace('Etc/UTC', v.zone)
        .replace('budget_seconds: 120', `budget_seconds: ${v.budget}`)
        .replace('count: 3', `count: ${v.count}`)
        .replace('minutes: 30', `minutes: ${v.minutes}`)
        .replace('paused: false', `paused: ${v.paused}`)
        .replace('512Mi', v.memory);
      const [job] = parseSchedule(text, CONTEXT).jobs;
      expect(job).toMatchObject({ schedule: v.every, budget_seconds: v.budget, paused: v.paused });
    }),
  );
});
