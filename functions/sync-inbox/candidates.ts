import type { DocumentSnapshot } from '@google-cloud/firestore';
import { isDue } from '../../shared/domains/inbox/health.ts';
import { HostGate } from '../../shared/domains/inbox/imap/host-gate.ts';
import {
  activeIntegrations,
  type Integration,
  integrationsOf,
  readIntegration,
} from '../../shared/domains/inbox/integration.ts';
import { FoldersAhead } from '../../shared/domains/inbox/sync/folder/read-folders.ts';
import { streamQuery } from '../../shared/doors/store/firestore.ts';
import { GatheredUpdates } from '../../shared/doors/store/gathered.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** What the mailboxes of one run share. */
export interface Shared {
  gate: HostGate;
  folders: FoldersAhead;
  updates: GatheredUpdates;
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
export async function findMailboxes(context: RunContext): Promise<Candidate[]> {
  const { store, meter, leftMs } = context;
  const documents: DocumentSnapshot[] = [];
  for await (const document of streamQuery(activeIntegrations(store), meter, { leftMs }))
    documents.push(document);
  return inTurn(documents, context);
}

/** The mailboxes of these ids that are active now, in the same order. */
export async function loadMailboxes(ids: readonly string[], context: RunContext): Promise<Candidate[]> {
  const { store, meter } = context;
  const integrations = integrationsOf(store);
  const documents = await store.getAll(...ids.map((id) => integrations.doc(id)));
  meter.firestore_reads += documents.length;
  return inTurn(
    documents.filter((document) => document.get('active') === true),
    context,
  );
}

function inTurn(documents: readonly DocumentSnapshot[], { store, meter, now }: RunContext): Candidate[] {
  const read = documents.map(readCandidate);
  const since = ({ integration }: Omit<Candidate, 'shared'>) => integration?.health.lastSuccessAt ?? 0;
  const found = read.sort((one, other) => since(one) - since(other));
  const due = found.flatMap(({ integration }) =>
    integration && isDue(integration.health, now) ? [integration] : [],
  );
  const shared: Shared = {
    gate: new HostGate(),
    folders: new FoldersAhead(store, meter, due),
    updates: new GatheredUpdates(store, meter),
    waiting: due.length,
  };
  return found.map((each) => ({ ...each, shared }));
}

function readCandidate(document: DocumentSnapshot): Omit<Candidate, 'shared'> {
  const { id } = document;
  try {
    return { id, integration: readIntegration(document), fault: null };
  } catch (error) {
    return { id, integration: null, fault: (error as Error).message };
  }
}
