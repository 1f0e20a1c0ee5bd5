import { http } from '@google-cloud/functions-framework';
import { closing, staleVisits } from './closing.ts';

/** The loop that one writes first: read them all, then update one by one. */
http('naive-sweep', async (_request, response) => {
  const { docs } = await staleVisits().get();
  for (const visit of docs) await visit.ref.update(closing(visit));
  response.json({ closed_count: docs.length });
});
