import { serveLoopback } from '../../../infra/local/loopback-server.ts';
import type { World } from '../../support/world.ts';

export interface OwnSite {
  url: string;
  /** Resolves when a page of the site asks for `/tell/WORD`, which pages do to say how far they are. */
  heard(word: string): Promise<void>;
  /** Answers the pages that ask for `/wait/WORD`, now or later. */
  release(word: string): void;
  stop(): Promise<void>;
}

/** A site of its own origin, as a customer's is: its pages reach the visits function of the world across origins. */
export async function startOwnSite(
  world: World,
  pages: (settings: { endpoint: string; presenceEndpoint: string; token: string }) => Record<string, string>,
): Promise<OwnSite> {
  const endpoint = `${world.url}/api/v1/visits`;
  const token = await world.issuer.userToken('usertest1');
  const files = pages({ endpoint, presenceEndpoint: `${world.url}/v1`, token });
  const heard = new Gates();
  const released = new Gates();
  const server = await serveLoopback(0, async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const [, verb, word = ''] = path.split('/');
    if (verb === 'tell') heard.of(word).open();
    if (verb === 'wait') await released.of(word).opened;
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
    response.writeHead(200, { 'content-type': type }).end(files[path] ?? '');
  });
  world.reconfigure({ ALLOWED_ORIGINS: server.url });
  return {
    url: server.url,
    heard: (word) => heard.of(word).opened,
    release: (word) => released.of(word).open(),
    stop: server.stop,
  };
}

/** Promises by name that somebody resolves, before or after they are awaited. */
class Gates {
  private readonly all = new Map<string, { opened: Promise<void>; open: () => void }>();

  of(word: string): { opened: Promise<void>; open: () => void } {
    const found = this.all.get(word);
    if (found) return found;
    const { promise, resolve } = Promise.withResolvers<void>();
    const gate = { opened: promise, open: resolve };
    this.all.set(word, gate);
    return gate;
  }
}
