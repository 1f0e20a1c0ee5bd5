import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Timestamp } from '@google-cloud/firestore';
import { onlineThreshold } from '../../../shared/domains/presence/settings.ts';
import { listStatuses } from '../../../shared/domains/presence/statuses.ts';
import type { Deps } from '../../../shared/runtime/task.ts';

const ROOT = join(import.meta.dirname, 'site');
/** The account that the page signs in as. */
const USER = 'usertest1';
const SHOWN = 12;
/** The number of newest visits that are searched for the account's. A demo does not justify an index. */
const SEARCHED = 200;
const PAGES = ['/demo/', '/demo/repairs', '/demo/parts', '/demo/help'];
const FILES: Record<string, string> = {
  '/demo/page.js': 'text/javascript; charset=utf-8',
  '/demo/sent.js': 'text/javascript; charset=utf-8',
  '/demo/texts.js': 'text/javascript; charset=utf-8',
  '/demo/style.css': 'text/css; charset=utf-8',
};

/** Returns true if a path belongs to the demo site. */
export const isDemoSite = (path: string): boolean => path === '/demo' || path.startsWith('/demo/');

/** Serves the demo site: a few pages that report their visits and show the stored result. */
export async function demoSite(
  deps: Deps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const answer = (status: number, type: string, body: string) =>
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
  const json = (body: object) => answer(200, 'application/json; charset=utf-8', JSON.stringify(body));
  if (path === '/demo') response.writeHead(302, { location: '/demo/' }).end();
  else if (path === '/demo/settings.json') json({ issuer: deps.config.auth?.issuer });
  else if (path === '/demo/visits.json') json({ items: await storedVisits(deps) });
  else if (path === '/demo/presence.json') json(await storedPresence(deps));
  else if (PAGES.includes(path)) {
    answer(200, 'text/html; charset=utf-8', await readFile(join(ROOT, 'page.html'), 'utf8'));
  } else if (FILES[path]) {
    answer(200, FILES[path], await readFile(join(ROOT, path.slice('/demo/'.length)), 'utf8'));
  } else answer(404, 'text/plain; charset=utf-8', `The demo site has ${PAGES.join(', ')}.`);
}

/** Returns the account's newest visits with times as ISO strings. */
async function storedVisits({ store }: Deps): Promise<object[]> {
  const newest = store.collection('page_visits').orderBy('start_time', 'desc').limit(SEARCHED);
  const { docs } = await newest.get();
  return docs
    .filter((doc) => doc.get('user_id') === USER)
    .slice(0, SHOWN)
    .map((doc) => ({ id: doc.id, ...plain(doc.data()) }));
}

/** Returns the account's status as administrators see it. Empty before its first ping. */
async function storedPresence(deps: Deps): Promise<object> {
  const now = deps.clock();
  const thresholdMs = (await onlineThreshold(deps.store, now, 0)) * 60_000;
  const query = { limit: 1, after: USER.slice(0, -1), thresholdMs, now };
  const { users } = await listStatuses({ ...deps }, query);
  return users.find((user) => user.user_id === USER) ?? {};
}

function plain(data: Record<string, unknown>): object {
  const entries = Object.entries(data).map(([key, value]) => [
    key,
    value instanceof Timestamp ? value.toDate().toISOString() : value,
  ]);
  return Object.fromEntries(entries);
}
