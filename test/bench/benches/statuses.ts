import { Timestamp } from '@google-cloud/firestore';
import { loadConfig } from '../../../shared/doors/config.ts';
import { openRedis } from '../../../shared/doors/redis/redis.ts';
import { type Bench, below, measure } from '../bench.ts';
import { type Lab, type Project, usage } from '../lab.ts';
import { interleave } from '../rounds.ts';
import { pairedRatios } from '../stats.ts';

const USERS = 10_000;
const PAGE = 1_000;
const ROUTE = '/v1/admin/users/statuses';
const USER_IDS = Array.from({ length: USERS }, (_, index) => `user-${String(index).padStart(5, '0')}`);

/** Writes users who have all just pinged to Firestore and Redis. */
async function seedUsers({ store, environment }: Project): Promise<void> {
  const redis = openRedis(loadConfig(environment));
  const now = Date.now();
  for (let from = 0; from < USERS; from += 500) {
    const ids = USER_IDS.slice(from, from + 500);
    const batch = store.batch();
    for (const id of ids) {
      const email = `${id}@example.test`;
      const activity = { is_online: true, last_activity_at: Timestamp.fromMillis(now), logged_out_at: null };
      batch.create(store.collection('users').doc(id), { email, display_name: id, role: 'user', ...activity });
    }
    await batch.commit();
    await redis.mset(Object.fromEntries(ids.map((id) => [`last_activity:${id}`, String(now)])));
  }
}

interface StatusPage {
  users: { status: string }[];
  next_page: string | null;
}

/** Reads all pages one after the other, as a client does. Returns milliseconds. */
async function readAll(url: string, token: string): Promise<number> {
  const began = performance.now();
  let page: string | null = null;
  let online = 0;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(page === null ? {} : { page }) });
    const response = await fetch(`${url}${ROUTE}?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const body = (await response.json()) as StatusPage;
    online += body.users.filter(({ status }) => status === 'online').length;
    page = body.next_page;
  } while (page !== null);
  const ms = performance.now() - began;
  if (online !== USERS) throw new Error(`${online} of ${USERS} users are online`);
  return ms;
}

async function readBare(url: string): Promise<number> {
  const began = performance.now();
  const { users } = (await (await fetch(url)).json()) as { users: object[] };
  const ms = performance.now() - began;
  if (users.length !== USERS) throw new Error(`the bare function returned ${users.length} of ${USERS} users`);
  return ms;
}

async function compare(lab: Lab, project: Project, token: string) {
  const [ours, bare] = await Promise.all([
    lab.start('presence', project.environment),
    lab.start('bare-statuses', project.environment),
  ]);
  try {
    for (let round = 0; round < 3; round += 1) {
      await readAll(ours.url, token);
      await readBare(bare.url);
    }
    const runs = await interleave(lab.quick ? 3 : 15, {
      ours: () => readAll(ours.url, token),
      bare: () => readBare(bare.url),
    });
    return { ...runs, megabytes: usage(ours).peakMegabytes };
  } finally {
    await ours.kill();
    await bare.kill();
  }
}

/** Measures the cost of an administrator's list of all users. */
export const statuses: Bench = {
  name: 'statuses',
  compares: `the statuses of ${USERS} users in pages of ${PAGE} against one stream of the same users and the same MGETs`,
  targets: { 'statuses / bare': below(1.5) },
  async run(lab) {
    await lab.build(['presence'], ['bare-statuses']);
    const { ours, bare, megabytes } = await lab.withEngines(
      async (engines) => {
        const project = engines.project();
        await seedUsers(project);
        return await compare(lab, project, await engines.issuer.userToken('admintest1'));
      },
      { steady: true },
    );
    return {
      'statuses / bare': measure('ratio', pairedRatios(ours, bare)),
      statuses: measure('ms', ours),
      bare: measure('ms', bare),
      'peak memory': measure('MB', [megabytes]),
    };
  },
};
