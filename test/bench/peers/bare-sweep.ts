import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, sendJson } from '../../../shared/doors/http/request.ts';
import { closing, staleVisits, store } from './closing.ts';

const BATCH = 500;
const IN_FLIGHT = 4;

/** The minimum for a sweep: one streamed query piped into parallel batched updates, without conditions. */
const sweep: HttpHandler = async (_request, response) => {
  const inFlight = new Set<Promise<void>>();
  const update = (visits: QueryDocumentSnapshot[]) => {
    const batch = store.batch();
    for (const visit of visits) batch.update(visit.ref, closing(visit));
    const work: Promise<void> = batch.commit().then(() => void inFlight.delete(work));
    inFlight.add(work);
  };
  let closed = 0;
  let visits: QueryDocumentSnapshot[] = [];
  for await (const visit of staleVisits().stream() as AsyncIterable<unknown>) {
    closed += 1;
    visits.push(visit as QueryDocumentSnapshot);
    if (visits.length < BATCH) continue;
    update(visits);
    visits = [];
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
  }
  if (visits.length > 0) update(visits);
  await Promise.all(inFlight);
  sendJson(response, 200, { closed_count: closed });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('bare-sweep', sweep);
