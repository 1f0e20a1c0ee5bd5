import { randomUUID } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';

const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });

/** The minimum for an API that stores something: parse the body, write once, answer. No authentication. */
const write: HttpHandler = async (request, response) => {
  const id = randomUUID();
  const times = { start_time: new Date(), last_activity_at: new Date(), end_time: null, close_reason: null };
  await store
    .collection('page_visits')
    .doc(id)
    .create({ ...(request as { body?: object }).body, ...times });
  sendJson(response, 201, { visit_id: id });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('bare-write', write);
