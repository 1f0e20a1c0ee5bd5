import { http } from '@google-cloud/functions-framework';
import { Redis } from '@upstash/redis';

const redis = new Redis({
  url: process.env.UPSTASH_REDIS_REST_URL ?? '',
  token: process.env.UPSTASH_REDIS_REST_TOKEN ?? '',
  enableTelemetry: false,
  automaticDeserialization: false,
});

/** What a ping costs at least: one SET with a time to live. Nobody is asked who he is. */
http('bare-ping', async (_request, response) => {
  await redis.set('last_activity:somebody', String(Date.now()), { ex: 3600 });
  response.status(204).end();
});
