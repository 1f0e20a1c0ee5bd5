import type { DocumentSnapshot } from '@google-cloud/firestore';
import * as z from 'zod';
import { integrationsOf } from '../../../../shared/domains/inbox/integration.ts';
import { listMessages } from '../../../../shared/domains/inbox/mailbox/messages.ts';
import type { MessageSummary } from '../../../../shared/domains/inbox/mailbox/views.ts';
import { readFolderDocument } from '../../../../shared/domains/inbox/sync/folder/state.ts';
import { limitParam } from '../../../../shared/doors/http/query.ts';
import { nextPage, type Page, positionParam } from '../paging.ts';
import { adminRoute } from '../route.ts';
import type { FolderView } from './views.ts';

/** The fields of a mail in a list: without text and HTML, which may be half a megabyte each. */
const SUMMARY = [
  ...['integration_id', 'thread_id', 'folder', 'from', 'subject', 'received_at', 'snippet', 'seen'],
  ...['auto_reply', 'removed_at', 'quarantined', 'attachments', 'answer'],
];
/** Mailboxes have a handful of folders; of one with more the first are shown. */
const MAX_FOLDERS = 100;

/**
 * GET `/api/inbox/summaries`: the mails of a mailbox or of all, newest first, without their bodies; GET
 * `/api/inbox/integrations/{id}/folders`: how far each folder is. A read per item shown, and one more for the list.
 */
export const inboxViewRoutes = [
  adminRoute({
    method: 'GET',
    path: '/api/inbox/summaries',
    query: z.strictObject({
      limit: limitParam(),
      page: positionParam,
      integration_id: z.string().min(1, 'must be the id of an integration, or left out').optional(),
    }),
    async handle({
      context: { store },
      query: { integration_id: integrationId, limit, page },
    }): Promise<Page<MessageSummary>> {
      const { items, next } = await listMessages<MessageSummary>(
        store,
        { integrationId },
        { limit, page },
        SUMMARY,
      );
      return { items, next_page: nextPage(next) };
    },
  }),
  adminRoute({
    method: 'GET',
    path: '/api/inbox/integrations/{id}/folders',
    query: z.strictObject({}),
    async handle({ context: { store }, path }): Promise<Page<FolderView>> {
      const { docs } = await integrationsOf(store)
        .doc(path['id'] ?? '')
        .collection('folders')
        .limit(MAX_FOLDERS)
        .get();
      return { items: docs.map(folder), next_page: null };
    },
  }),
];

/** A folder's cursor as a person reads it. */
function folder(document: DocumentSnapshot): FolderView {
  const path = String(document.get('path') ?? document.id);
  const state = readFolderDocument(path, document);
  return {
    id: document.id,
    path,
    stored: state.uids.size,
    failing: Object.entries(state.failing).map(([uid, { attempts, reason }]) => ({ uid, attempts, reason })),
    outside: state.outside,
    exists: state.exists,
    missing: state.missing.size,
    backfilling: state.backfillUid > 1,
    uid_validity: state.uidValidity,
    last_uid: state.lastUid,
    resets: state.resets,
  };
}
