import type { DocumentSnapshot } from '@google-cloud/firestore';
import { isDue } from '../../shared/inbox/health.ts';
import { HostGate } from '../../shared/inbox/host-gate.ts';
import {
  activeIntegrations,
  type Integration,
  integrationsOf,
  readIntegration,
} from '../../shared/inbox/integration.ts';
import { streamQuery } from '../../shared/store/firestore.ts';
import type { RunContext } from '../../shared/task/task.ts';

/** What the mailboxes of one run share. */
export interface Shared {
  gate: HostGate;
  /** Mailboxes whose turn has not come yet: what is left of the time is divided among them. */
  waiting: number;
}

/** One mailbox; `integration` is null where its document is none, and `fault` says why. */
export interface Candidate {
  id: string;
  integration: Integration | null;
  fault: string | null;
  shared: Shared;
}

/** All active mailboxes, the one that has waited longest first. */
export async function findMailboxes({ store, meter, now, leftMs }: RunContext): Promise<Candidate[]> {
  const documents: DocumentSnapshot[] = [];
  for await (const document of streamQuery(activeIntegrations(store), meter, { leftMs }))
    documents.push(document);
  return inTurn(documents, now);
}

/** The mailboxes of these ids that are active now, in the same order. */
export async function loadMailboxes(
  ids: readonly string[],
  { store, meter, now }: RunContext,
): Promise<Candidate[]> {
  const integrations = integrationsOf(store);
  const documents = await store.getAll(...ids.map((id) => integrations.doc(id)));
  meter.firestore_reads += documents.length;
  return inTurn(
    documents.filter((document) => document.get('active') === true),
    now,
  );
}

function inTurn(documents: readonly DocumentSnapshot[], now: Date): Candidate[] {
  const shared: Shared = { gate: new HostGate(), waiting: 0 };
  const found: Candidate[] = [];
  for (const document of documents) {
    const candidate = { id: document.id, integration: null, fault: null, shared };
    try {
      found.push({ ...candidate, integration: readIntegration(document) });
    } catch (error) {
      found.push({ ...candidate, fault: (error as Error).message });
    }
  }
  const since = ({ integration }: Candidate) => integration?.health.lastSuccessAt ?? 0;
  shared.waiting = found.filter(({ integration }) => integration && isDue(integration.health, now)).length;
  return found.sort((one, other) => since(one) - since(other));
}
