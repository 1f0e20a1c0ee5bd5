import type { Redis } from '@upstash/redis';
import { type Lease, takeLease } from '../../../doors/redis/lease.ts';
import type { Integration } from '../integration.ts';
import { Overtaken } from './folder/folder.ts';

/** No sync of a mailbox lasts longer; the budget of sync-inbox is at most this. */
const LONGEST_SECONDS = 300;

/** The lease of a mailbox, taken when it is needed. */
export class MailboxLease {
  readonly #mailbox: Integration;
  readonly #context: { redis: Redis };
  #lease: Promise<Lease | null | undefined> | undefined;
  #taken: Lease | undefined;

  constructor(mailbox: Integration, context: { redis: Redis }) {
    this.#mailbox = mailbox;
    this.#context = context;
  }

  /** Takes the lease. Throws Overtaken if another instance has it; without Redis there is none, and the sync goes on. */
  async claim(): Promise<void> {
    const { id, label } = this.#mailbox;
    const { redis } = this.#context;
    this.#lease ??= takeLease(redis, `lease:mailbox:${id}`, LONGEST_SECONDS).catch(() => undefined);
    const lease = await this.#lease;
    if (lease === null) throw new Overtaken(label);
    this.#taken = lease;
  }

  /** Returns false once the lease is lost. */
  isHeld(): boolean {
    return this.#taken?.held() ?? true;
  }

  async release(): Promise<void> {
    await this.#taken?.release();
  }
}
