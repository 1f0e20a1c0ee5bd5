import { type Fault, toFault } from '../faults/kinds.ts';
import type { Delivery } from '../outcome.ts';

/** After this many deliveries in a row without an answer the server counts as gone, not the mail as odd. */
const SILENCES_TO_STOP = 3;
/** Uncertain deliveries of one run: each one makes work for a person. */
const UNKNOWN_TO_STOP = 2;
/**
 * Refusals after MAIL that name the account or the server may still be about one recipient, such as a lookup. These many
 * in a row, or refusals of several domains, are not.
 */
const REFUSALS_TO_STOP = 10;
const DOMAINS_TO_STOP = 3;
/** Refusals of this many domains that blame nobody else are the account's, if the server accepted nothing. */
const DOMAINS_REFUSED_ALIKE = 5;

const AFTER_MAIL: readonly Delivery['phase'][] = ['rcpt', 'data', 'body'];

/** The deliveries of one run by one account, and the conclusion that nothing more can be sent by it. */
export class Evidence {
  #accepted = 0;
  #silences = 0;
  #unknown = 0;
  #inRow = 0;
  readonly #domainsInRow = new Set<string>();
  readonly #refusedAlike = new Set<string>();
  #hasOtherFault = false;

  /** True if the server accepted a mail in this run. */
  get hasAccepted(): boolean {
    return this.#accepted > 0;
  }

  /** True once an answer was lost: the mails after it go one at a time. */
  get isDoubtful(): boolean {
    return this.#unknown > 0;
  }

  /** Adds a delivery. Returns the fault that stops the account's mail, or null. */
  add({ outcome, phase, code, fault }: Delivery, domain: string): Fault | null {
    this.#silences = code === null ? this.#silences + 1 : 0;
    if (outcome === 'unknown') this.#unknown += 1;
    if (outcome === 'sent') {
      this.#accepted += 1;
      this.#inRow = 0;
      this.#domainsInRow.clear();
    }
    if (this.#silences >= SILENCES_TO_STOP || this.#unknown >= UNKNOWN_TO_STOP)
      return fault ?? toFault('no_answer');
    if (fault === null) return null;
    if (fault.whose === 'account' || fault.whose === 'server') return this.#addSystem(fault, phase, domain);
    return this.#addOther(fault, domain);
  }

  #addSystem(fault: Fault, phase: Delivery['phase'], domain: string): Fault | null {
    this.#inRow += 1;
    this.#domainsInRow.add(domain);
    const isCertain = !AFTER_MAIL.includes(phase) || fault.kind === 'daily_limit';
    const isMany = this.#inRow >= REFUSALS_TO_STOP || this.#domainsInRow.size >= DOMAINS_TO_STOP;
    return isCertain || isMany ? fault : null;
  }

  #addOther({ whose, isExplicit }: Fault, domain: string): Fault | null {
    if (whose === 'unclear' || (whose === 'recipient' && !isExplicit)) this.#refusedAlike.add(domain);
    else this.#hasOtherFault = true;
    const isAll = this.#accepted === 0 && !this.#hasOtherFault;
    return isAll && this.#refusedAlike.size >= DOMAINS_REFUSED_ALIKE ? toFault('everybody_refused') : null;
  }
}
