/**
 * The fate of a request: all is well; it takes a while; the answer is lost; the request is lost; it comes again later;
 * it comes when its sender has given it up.
 */
export type Fate = 'fine' | 'slow' | 'answer-lost' | 'lost' | 'replayed' | 'late';

const SLOW_MS = 700;

interface Pending {
  send: () => Promise<number>;
  answer: (status: number) => void;
  fail: () => void;
}

/**
 * The network between a simulated browser and the real server. It delivers one request at a time, in an order and with
 * accidents that the test chooses, so that a run can be repeated.
 */
export class SimulatedNetwork {
  online = true;
  token = '';
  /** For how long requests were on their way. */
  slowMs = 0;
  /** Lets time pass while a request is on its way. */
  pass: (ms: number) => void = () => undefined;
  readonly endpoint: string;
  private readonly pending: Pending[] = [];
  private readonly later: Pending['send'][] = [];
  private readonly choices: { fate: Fate; pick: number }[];
  private turn = 0;

  constructor(endpoint: string, choices: { fate: Fate; pick: number }[]) {
    this.endpoint = endpoint;
    this.choices = choices;
  }

  fetch(url: string, init: RequestInit): Promise<Response> {
    if (!this.online) return Promise.reject(new TypeError('offline'));
    const { headers, body } = init;
    const send = async () => {
      const { status } = await fetch(url, { method: 'POST', headers: headers ?? {}, body: body ?? null });
      if (status > 299 && status !== 409) throw new Error(`${url} answered ${status} to ${String(body)}`);
      return status;
    };
    return new Promise((resolve, reject) => {
      this.pending.push({
        send,
        answer: (status) =>
          resolve({ status, json: async () => ({ error: { code: 'conflict' } }) } as Response),
        fail: () => reject(new TypeError('lost')),
      });
    });
  }

  /** Delivers until nobody has anything more to say. */
  async settle(): Promise<void> {
    await quiet();
    while (this.pending.length > 0) {
      const { fate, pick } = this.choices[this.turn++ % this.choices.length] ?? { fate: 'fine', pick: 0 };
      const [request] = this.pending.splice(pick % this.pending.length, 1);
      if (fate === 'slow') {
        this.pass(SLOW_MS);
        this.slowMs += SLOW_MS;
      }
      if (request) await this.deliver(request, fate);
      await quiet();
    }
  }

  /** Delivers what was replayed or late. */
  async catchUp(): Promise<void> {
    for (const send of this.later.splice(0)) await send();
  }

  private async deliver({ send, answer, fail }: Pending, fate: Fate): Promise<void> {
    if (fate === 'fine' || fate === 'slow' || fate === 'replayed') answer(await send());
    else if (fate === 'answer-lost') await send().then(fail);
    else fail();
    if (fate === 'replayed' || fate === 'late') this.later.push(send);
  }
}

/** Until every promise that could go on has gone on. */
const quiet = async () => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
