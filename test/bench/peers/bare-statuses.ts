import { Firestore } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';
import { Redis } from '@upstash/redis';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';

const PAGE = 1_000;
const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });
const redis = new Redis({
  url: process.env.UPSTASH_REDIS_REST_URL ?? '',
  token: process.env.UPSTASH_REDIS_REST_TOKEN ?? '',
  enableTelemetry: false,
  enableAutoPipelining: false,
  automaticDeserialization: false,
});

/** The minimum for all statuses: one stream of users, an MGET per thousand, one answer. */
const handler: HttpHandler = async (_request, response) => {
  const users: object[] = [];
  const asked: Promise<void>[] = [];
  let ids: string[] = [];
  const ask = () => {
    const page = ids;
    ids = [];
    const reply = redis.mget<(string | null)[]>(...page.map((id) => `last_activity:${id}`));
    asked.push(
      reply.then((times) => {
        for (const [index, id] of page.entries()) users.push({ user_id: id, as_of: times[index] ?? null });
      }),
    );
  };
  const stream = store.collection('users').select('is_online', 'last_activity_at', 'logged_out_at').stream();
  for await (const doc of stream as AsyncIterable<{ id: string }>) {
    ids.push(doc.id);
    if (ids.length === PAGE) ask();
  }
  if (ids.length > 0) ask();
  await Promise.all(asked);
  sendJson(response, 200, { users });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('bare-statuses', handler);
