import type { DocumentSnapshot } from '@google-cloud/firestore';
import { HostGate } from '../../shared/domains/inbox/imap/host-gate.ts';
import {
  activeIntegrations,
  type Integration,
  integrationsOf,
  readIntegration,
} from '../../shared/domains/inbox/integration.ts';
import { FoldersAhead } from '../../shared/domains/inbox/sync/folder/read-folders.ts';
import { isDue } from '../../shared/doors/account/health.ts';
import { streamQuery } from '../../shared/doors/store/firestore.ts';
import { GatheredUpdates } from '../../shared/doors/store/gathered.ts';
import type { RunContext } from '../../shared/runtime/task.ts';

/** The state that all mailboxes of one run share. */
export interface Shared {
  gate: HostGate;
  folders: FoldersAhead;
  updates: GatheredUpdates;
  /** The mailboxes whose turn has not come yet. The rest of the run's time is divided among them. */
  waiting: number;
}

/** Opens what the mailboxes of a run share. */
export function openShared(context: RunContext): Shared {
  const { store } = context;
  return {
    gate: new HostGate(),
    folders: new FoldersAhead(store),
    updates: new GatheredUpdates(store),
    waiting: 0,
  };
}

/** One mailbox. `integration` is null if the document is invalid; `fault` says why. */
export interface Candidate {
  id: string;
  integration: Integration | null;
  fault: string | null;
}

/** All active mailboxes, the one that has waited longest first. */
export async function findMailboxes(shared: Shared, context: RunContext): Promise<Candidate[]> {
  const { store, leftMs } = context;
  const documents: DocumentSnapshot[] = [];
  for await (const document of streamQuery(activeIntegrations(store), { leftMs })) documents.push(document);
  return inTurn(documents, shared, context);
}

/** The mailboxes of these ids that are active now, in the same order. */
export async function loadMailboxes(
  ids: readonly string[],
  shared: Shared,
  context: RunContext,
): Promise<Candidate[]> {
  const { store } = context;
  const integrations = integrationsOf(store);
  const documents = await store.getAll(...ids.map((id) => integrations.doc(id)));
  return inTurn(
    documents.filter((document) => document.get('active') === true),
    shared,
    context,
  );
}

function inTurn(documents: readonly DocumentSnapshot[], shared: Shared, { now }: RunContext): Candidate[] {
  const read = documents.map(readCandidate);
  const since = ({ integration }: Candidate) => integration?.health.lastSuccessAt ?? 0;
  const found = read.sort((one, other) => since(one) - since(other));
  const due = found.flatMap(({ integration }) =>
    integration && isDue(integration.health, now) ? [integration] : [],
  );
  shared.folders.add(due);
  shared.waiting += due.length;
  return found;
}

function readCandidate(document: DocumentSnapshot): Candidate {
  const { id } = document;
  try {
    return { id, integration: readIntegration(document), fault: null };
  } catch (error) {
    return { id, integration: null, fault: (error as Error).message };
  }
}
