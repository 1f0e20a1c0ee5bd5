import { http } from '@google-cloud/functions-framework';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';
import { closing, staleVisits } from './closing.ts';

/** The loop that one writes first: read them all, then update one by one. */
const sweep: HttpHandler = async (_request, response) => {
  const { docs } = await staleVisits().get();
  for (const visit of docs) await visit.ref.update(closing(visit));
  sendJson(response, 200, { closed_count: docs.length });
};

// Outside the framework's domain, as our functions run: a peer shall be as fast as it can be.
withoutDomains();
http('naive-sweep', sweep);
