import { http } from '@google-cloud/functions-framework';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';
import { closing, staleVisits } from './closing.ts';

/** The loop that most people write first: read all visits, then update one by one. */
const sweep: HttpHandler = async (_request, response) => {
  const { docs } = await staleVisits().get();
  for (const visit of docs) await visit.ref.update(closing(visit));
  sendJson(response, 200, { closed_count: docs.length });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('naive-sweep', sweep);
