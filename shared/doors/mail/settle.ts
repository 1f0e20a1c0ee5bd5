import type { Log } from '../log.ts';
import { type Claims, settlement } from './claims.ts';
import type { Delivery } from './outcome.ts';

/** The waits before each retry of recording a delivery's end. Without that record the mail becomes `unknown`. */
const WAITS_MS = [200, 1_000, 3_000];

/** A delivery that has ended, as its claim records it. */
export interface EndedDelivery {
  messageId: string;
  delivery: Delivery;
  settledAt: Date;
}

/**
 * Records a delivery's end in its claim, with retries. If all fail, it logs everything that a record by hand needs, and the
 * claim stays `sending`.
 */
export async function settleClaim(
  claims: Claims,
  ended: EndedDelivery,
  log: Log,
  wait: (ms: number) => Promise<unknown>,
): Promise<void> {
  const { delivery, settledAt } = ended;
  const state = settlement(delivery.outcome);
  const write = () =>
    state === 'release'
      ? claims.release()
      : claims.settle({ state, response: delivery.response, settledAt, fault: delivery.fault });
  for (const waitMs of WAITS_MS) {
    try {
      return await write();
    } catch {
      await wait(waitMs);
    }
  }
  await write().catch((error: unknown) => logUnsettled(ended, error, log));
}

function logUnsettled({ messageId, delivery, settledAt }: EndedDelivery, error: unknown, log: Log): void {
  const state = settlement(delivery.outcome);
  const fields = {
    alert: 'mail_unsettled',
    message_id: messageId,
    state,
    settled_at: settledAt,
    error: String(error),
    response: delivery.response,
  };
  log.error(
    fields,
    `The mail ${messageId} ended as ${state} and this could not be recorded; record it by hand`,
  );
}
