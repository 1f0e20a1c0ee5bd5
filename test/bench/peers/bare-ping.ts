import { http } from '@google-cloud/functions-framework';
import { Redis } from '@upstash/redis';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendEmpty } from '../../../shared/doors/http/request.ts';

const redis = new Redis({
  url: process.env.UPSTASH_REDIS_REST_URL ?? '',
  token: process.env.UPSTASH_REDIS_REST_TOKEN ?? '',
  enableTelemetry: false,
  automaticDeserialization: false,
});

/**
 * The minimum for a ping: one SET with a time to live. No authentication. Outside the framework's domain, like the
 * product's functions.
 */
const handler: HttpHandler = async (_request, response) => {
  await redis.set('last_activity:somebody', String(Date.now()), { ex: 3600 });
  sendEmpty(response);
};
withoutDomains();
http('bare-ping', handler);
