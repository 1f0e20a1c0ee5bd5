import { serveLoopback } from '../../../infra/local/loopback-server.ts';

/** The part of Secret Manager's REST v1 that functions read from. */
export interface LocalSecrets {
  url: string;
  /** Content by `projects/P/secrets/NAME/versions/V`; null for a version that no account may read. */
  secrets: Map<string, string | null>;
  /** Replaces all later answers. */
  answer: number | null;
  stop(): Promise<void>;
}

export async function startSecrets(): Promise<LocalSecrets> {
  const secrets = new Map<string, string | null>();
  const server = await serveLoopback(0, async (request, response) => {
    const reply = (status: number, content: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (local.answer !== null) return reply(local.answer, { error: { code: local.answer } });
    if (!request.headers.authorization?.startsWith('Bearer ')) return reply(401, { error: { code: 401 } });
    const [, name = ''] = /^\/v1\/(.+):access$/.exec(request.url ?? '') ?? [];
    const content = secrets.get(name);
    if (content === undefined) return reply(404, { error: { code: 404 } });
    if (content === null) return reply(403, { error: { code: 403 } });
    reply(200, { name, payload: { data: Buffer.from(content).toString('base64') } });
  });
  const local: LocalSecrets = { url: server.url, secrets, answer: null, stop: () => server.stop() };
  return local;
}
