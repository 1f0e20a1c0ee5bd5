import type { Deps } from '../../../shared/runtime/task.ts';
import type { LocalImap } from '../imap/imap.ts';
import { fillDemo } from './data.ts';
import { fillFollowups } from './followups.ts';
import { fillInbox } from './inbox.ts';
import { fillPresence } from './presence.ts';
import { fillTickets } from './tickets.ts';

interface DemoTarget {
  deps: Pick<Deps, 'clock' | 'config' | 'redis' | 'store'>;
  /** Null if there are no mailboxes to fill. */
  imap: LocalImap | null;
  progress: (line: string) => void;
}

/** Fills the local cloud with demo data of every domain. Reports each part to `progress`. */
export async function fillAll({ deps, imap, progress }: DemoTarget): Promise<void> {
  const { clock, config, redis, store } = deps;
  progress(`Demo data: ${(await fillDemo(store, clock())).visits} visits`);
  progress(`Demo data: ${(await fillPresence(store, redis, clock())).users} users`);
  const { tickets, recipients } = await fillTickets(store, clock());
  progress(`Demo data: ${tickets} tickets, ${recipients} recipients of delay alerts`);
  if (imap) {
    const { mailboxes, mails } = await fillInbox(store, imap, config.sealingKeys, clock());
    progress(`Demo data: ${mailboxes} mailboxes with ${mails} mails`);
  }
  progress(`Demo data: ${(await fillFollowups(store, clock())).followups} follow-ups`);
}
