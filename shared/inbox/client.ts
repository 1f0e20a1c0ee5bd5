import { ImapFlow } from 'imapflow';
import parse from 'imapflow/lib/handler/imap-parser.js';

type Parsed = Awaited<ReturnType<typeof parse>>;
interface Response {
  payload: Buffer;
  literals: NonNullable<Parameters<typeof parse>[1]>['literals'];
}

/** What ImapFlow 2.1 works with and its types leave out. */
interface Inside {
  run(command: string, ...rest: unknown[]): Promise<unknown>;
  handleResponse(response: Response): Promise<boolean>;
  getUntaggedHandler(
    command: string,
    attributes: Parsed['attributes'],
  ): ((parsed: Parsed) => Promise<void>) | undefined;
}
const inside = ImapFlow.prototype as unknown as Inside;

const FETCHED = /^\* \d+ FETCH \(/i;
const LONGEST_FETCHED = 24;

/**
 * ImapFlow without two habits that cost a round much. It writes a line for its log about every response, whether or not
 * there is a log; a message that was fetched is handed on without. And it says who it is (RFC 2971, ID) before signing in
 * and once more after; here it does so after, where some servers demand it.
 */
export class MailClient extends ImapFlow {
  async run(command: string, ...rest: unknown[]): Promise<unknown> {
    if (command === 'ID' && !this.authenticated) return undefined;
    return await inside.run.call(this, command, ...rest);
  }

  async handleResponse(response: Response): Promise<boolean> {
    const { payload, literals } = response;
    const parsed = FETCHED.test(payload.toString('latin1', 0, LONGEST_FETCHED))
      ? await parse(payload, { literals: [...(literals ?? [])] }).catch(() => null)
      : null;
    // What cannot be read is ImapFlow's to deal with.
    if (!parsed?.command) return await inside.handleResponse.call(this, response);
    const handle = inside.getUntaggedHandler.call(this, parsed.command, parsed.attributes);
    await handle?.(parsed).catch(() => undefined);
    return true;
  }
}
