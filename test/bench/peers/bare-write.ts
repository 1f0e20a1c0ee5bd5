import { randomUUID } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';

const store = new Firestore({ projectId: process.env.GOOGLE_CLOUD_PROJECT ?? '' });

/** What an API that stores something costs at least: a parsed body, one write, an answer. Nobody is asked who he is. */
http('bare-write', async (request, response) => {
  const id = randomUUID();
  const times = { start_time: new Date(), last_activity_at: new Date(), end_time: null, close_reason: null };
  await store
    .collection('page_visits')
    .doc(id)
    .create({ ...(request.body as object), ...times });
  response.status(201).json({ visit_id: id });
});
