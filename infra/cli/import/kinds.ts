import { followupImport } from '../../../shared/domains/followups/import.ts';
import { loginImport, userImport } from '../../../shared/domains/presence/import.ts';
import { recipientImport, ticketEventImport, ticketImport } from '../../../shared/domains/tickets/import.ts';
import { visitImport } from '../../../shared/domains/visits/import.ts';
import type { ImportContext, ImportKind } from '../../../shared/doors/import/kind.ts';

/** The author of imported entries in a history. */
const IMPORTER = { runId: null, by: 'ronde import' };

/** Every kind of data that can be imported. */
export const importKinds: Readonly<Record<string, (context: ImportContext) => ImportKind>> = {
  visits: visitImport,
  users: userImport,
  login_history: loginImport,
  tickets: ticketImport,
  ticket_events: ticketEventImport,
  followups: (context) => followupImport(context, IMPORTER),
  recipients: recipientImport,
};
