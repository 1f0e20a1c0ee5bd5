/**
 * Process entry: Firestore's gRPC service on 127.0.0.1:$PORT over an in-memory store from npm, for the demo and for
 * quick tests without Java. It proves nothing about transactions (it misses phantoms) or queries (an order includes
 * documents that lack the field).
 */
import { createRequire } from 'node:module';
import { FirestoreMock } from '@firebase-bridge/firestore-admin';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

type GrpcMessage = Record<string, unknown>;
type Stream = NodeJS.EventEmitter;
/** The methods of Firestore's generated client that the in-memory store offers. */
type Gapic = Record<string, (request: GrpcMessage) => Promise<[unknown]> | Stream>;
/** The parts of the client library that give access to the in-memory client. */
interface Internals {
  _clientPool: { clientFactory(): Gapic };
  initializeIfNeeded?(tag: string): Promise<void>;
}

const mock = new FirestoreMock();
const clients = new Map<string, Promise<Gapic>>();

async function openClient(project: string, database: string): Promise<Gapic> {
  const exists = mock.databaseExists(project, database);
  const controller = exists ? mock.getDatabase(project, database) : mock.createDatabase(project, database);
  const internals = controller.firestore() as unknown as Internals;
  await internals.initializeIfNeeded?.('local');
  return internals._clientPool.clientFactory();
}

function clientFor(request: GrpcMessage): Promise<Gapic> {
  const path = String(request['database'] ?? request['parent'] ?? request['name'] ?? '');
  const [, project, database] = /^projects\/([^/]+)\/databases\/([^/]+)/.exec(path) ?? [];
  if (project === undefined || database === undefined) {
    throw new Error(`'${path}' names no database; it must start with projects/P/databases/D`);
  }
  const key = `${project}/${database}`;
  const client = clients.get(key) ?? openClient(project, database);
  clients.set(key, client);
  return client;
}

function grpcError(thrown: unknown): Error & { code: number; details: string } {
  const { code, details, message } = thrown as { code?: unknown; details?: string; message?: string };
  const text = (details ?? message ?? String(thrown)).replace(/^\d+ [A-Z_]+: /, '');
  return Object.assign(new Error(text), { code: typeof code === 'number' ? code : 13, details: text });
}

async function ask(method: string, request: GrpcMessage): Promise<unknown> {
  const client = await clientFor(request);
  const call = client[method];
  if (call === undefined) throw new Error(`The embedded Firestore has no method ${method}.`);
  const [answer] = (await call.call(client, request)) as [unknown];
  return answer;
}

function unary(
  method: string,
  wrap: (request: GrpcMessage) => Promise<unknown> = (request) => ask(method, request),
) {
  return (call: ServerUnaryCall<GrpcMessage, unknown>, reply: sendUnaryData<unknown>): void => {
    wrap(call.request).then(
      (answer) => reply(null, answer),
      (thrown: unknown) => reply(grpcError(thrown)),
    );
  };
}

function streaming(method: string) {
  return async (call: ServerWritableStream<GrpcMessage, unknown>): Promise<void> => {
    const fail = (thrown: unknown) => call.emit('error', grpcError(thrown));
    try {
      const client = await clientFor(call.request);
      const stream = client[method]?.(call.request) as Stream;
      stream.on('data', (part) => call.write(part));
      stream.on('end', () => call.end());
      stream.on('error', fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
}

const service: UntypedServiceImplementation = {
  beginTransaction: unary('beginTransaction'),
  commit: unary('commit'),
  rollback: unary('rollback'),
  batchWrite: unary('batchWrite'),
  batchGetDocuments: streaming('batchGetDocuments'),
  runQuery: streaming('runQuery'),
  runAggregationQuery: streaming('runAggregationQuery'),
  // The store ignores field masks, pages and orders in this call, so that one page holds the whole list.
  listDocuments: unary('listDocuments', async (request) => {
    const whole = { ...request, mask: undefined, pageToken: undefined, orderBy: undefined };
    return { documents: await ask('listDocuments', whole) };
  }),
  listCollectionIds: unary('listCollectionIds', async (request) => ({
    collectionIds: await ask('listCollectionIds', request),
  })),
};

function definition(): ServiceDefinition {
  const require = createRequire(import.meta.url);
  const besideClient = createRequire(require.resolve('@google-cloud/firestore'));
  const protos = besideClient('@google-cloud/firestore-api/build/protos/protos.json');
  const options = { keepCase: false, longs: String, enums: String, defaults: false, oneofs: true };
  const root = loadPackageDefinition(fromJSON(protos, options)) as unknown as {
    google: { firestore: { v1: { Firestore: { service: ServiceDefinition } } } };
  };
  return root.google.firestore.v1.Firestore.service;
}

const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
server.addService(definition(), service);
server.bindAsync(
  `127.0.0.1:${process.env['PORT'] ?? '0'}`,
  ServerCredentials.createInsecure(),
  (error, port) => {
    if (error !== null) throw error;
    console.log(`listening ${port}`);
  },
);
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
