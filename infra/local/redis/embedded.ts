/** Process entry: Redis in JavaScript (Lua in WebAssembly) on 127.0.0.1:$PORT, for machines without redis-server. */
import { once } from 'node:events';
import { createRedisServer } from 'js-redis-server';

const port = Number(process.env['PORT'] ?? '0');
const { server } = await createRedisServer({ logger: { error: (message) => console.error(message) } });

// The package listens on every interface and has no option for the host. This moves its listener to loopback.
const listener = server.server;
const closed = once(listener, 'close');
listener.close();
await closed;
listener.listen(port, '127.0.0.1');
await once(listener, 'listening');
console.log(`listening ${server.getPort()}`);

process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
