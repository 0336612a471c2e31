/** Whatever comes to the port between nodes, the process goes on and serves its peers. */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Client, credentials, status, type Metadata, type ServiceError } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PeersDefinition } from '../../src/peers/generated/p2p/peer.js';
import { RaftBatch, RaftDefinition } from '../../src/peers/generated/p2p/raft.js';
import { ShardAnswer, ShardRequest, ShardsDefinition } from '../../src/peers/generated/p2p/shard.js';
import { methodPath } from '../../src/grpc/raw-service-definition.js';
import { callMetadata, noSecrets } from '../../src/peers/wire-metadata.js';
import { encodeRaftBatch } from '../../src/peers/raft-messages.js';
import { clusterNumber, FakeCluster, FakePeer } from './fake-peer.js';
import { until } from './until.js';

const target = { collection: 1, shard: 0, metadataIndex: 1 };
const identity = (bytes: Buffer): Buffer => bytes;

let peer: FakePeer;
let friend: FakePeer;
let client: Client;
const unhandled: unknown[] = [];
const note = (error: unknown): number => unhandled.push(error);

beforeAll(async () => {
  const cluster = new FakeCluster();
  peer = await FakePeer.start(cluster, 1);
  friend = await FakePeer.start(cluster, 2);
  client = new Client(`127.0.0.1:${peer.port}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});

afterAll(async () => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  client.close();
  await Promise.all([peer.stop(), friend.stop()]);
  expect(unhandled).toEqual([]);
});

beforeEach(() => {
  peer.host.calls.length = 0;
});

async function stillServes(): Promise<void> {
  expect(await friend.network.replicas.count(1, target, { filter: null, exact: true }, 10_000)).toBe(0);
}

/** A peer of the same cluster that does not keep to the protocol. */
const header = (): Metadata =>
  callMetadata({ self: 3, cluster: clusterNumber, addressOf: () => null, isRemoved: () => false }, 1, noSecrets);

interface StreamEnd {
  readonly code: status;
  readonly messages: readonly Buffer[];
}

function stream(path: string, messages: readonly Uint8Array[], metadata = header()): Promise<StreamEnd> {
  const call = client.makeBidiStreamRequest(path, identity, identity, metadata, { deadline: Date.now() + 10_000 });
  const answers: Buffer[] = [];
  return new Promise((resolve) => {
    call.on('data', (bytes: Buffer) => answers.push(bytes));
    call.on('error', (error: ServiceError) => resolve({ code: error.code, messages: answers }));
    call.on('status', ({ code }: { code: status }) => resolve({ code, messages: answers }));
    for (const message of messages) call.write(Buffer.from(message));
    call.end();
  });
}

function unary(path: string, message: Uint8Array, metadata = header()): Promise<status> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + 10_000 };
    client.makeUnaryRequest(path, identity, identity, Buffer.from(message), metadata, options, (error) =>
      resolve(error === null ? status.OK : error.code),
    );
  });
}

/** Everything that the socket says until the other side has closed it, or some seconds have gone by. */
async function talk(write: (socket: Socket) => void): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: peer.port });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  write(socket);
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 200))]);
  socket.destroy();
}

const shardPaths = Object.values(ShardsDefinition.methods).map((method) => methodPath(ShardsDefinition, method));
const messagesPath = methodPath(RaftDefinition, RaftDefinition.methods.messages);
const unaryPaths = [
  methodPath(PeersDefinition, PeersDefinition.methods.hello),
  ...Object.values(RaftDefinition.methods)
    .filter(({ requestStream }) => !requestStream)
    .map((method) => methodPath(RaftDefinition, method)),
];

describe('bytes on the socket', () => {
  it('of no protocol end the connection only', async () => {
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    const openings = ['', 'GET / HTTP/1.1\r\n\r\n', preface, `${preface}\0\0\0\u0004\0\0\0\0\0`];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...openings), fc.uint8Array({ maxLength: 400 }), async (opening, bytes) => {
        await talk((socket) => socket.end(Buffer.concat([Buffer.from(opening, 'latin1'), bytes])));
      }),
      { numRuns: 25, seed: 7 },
    );
    await stillServes();
  });

  it('of a call that promises more than it sends, or more than is taken', async () => {
    const session = connectHttp2(`http://127.0.0.1:${peer.port}`);
    session.on('error', () => undefined);
    const open = (frame: Buffer): Promise<unknown> => {
      const call = session.request({
        ':method': 'POST',
        ':path': shardPaths[0]!,
        'content-type': 'application/grpc',
        te: 'trailers',
        'vdb-header-bin': (header().get('vdb-header-bin')[0] as Buffer).toString('base64'),
      });
      call.on('error', () => undefined);
      call.resume();
      call.end(frame);
      return once(call, 'close');
    };
    const length = (bytes: number): Buffer => {
      const frame = Buffer.alloc(15);
      frame.writeUInt32BE(bytes, 1);
      return frame;
    };
    await Promise.all([open(length(100)), open(length(0xffffffff)), open(Buffer.from([0, 0])), open(Buffer.alloc(0))]);
    session.destroy();
    await stillServes();
    expect(peer.host.calls.filter(({ from }) => from === 3)).toEqual([]);
  });
});

describe('calls', () => {
  it('without a good header are turned away', async () => {
    const bare = header();
    bare.remove('vdb-header-bin');
    const broken = header();
    broken.set('vdb-header-bin', Buffer.from([0xff, 0xff, 0xff]));
    const nobody = header();
    nobody.set('vdb-header-bin', Buffer.from([0x08, 0x01]));
    const newer = header();
    newer.set('vdb-header-bin', Buffer.from([0x08, 0x02, 0x10, 0x03]));
    for (const metadata of [bare, broken, nobody, newer]) {
      for (const path of unaryPaths)
        expect(await unary(path, Buffer.alloc(0), metadata)).toBe(status.PERMISSION_DENIED);
      for (const path of [...shardPaths, messagesPath]) {
        expect((await stream(path, [Buffer.alloc(3)], metadata)).code).toBe(status.PERMISSION_DENIED);
      }
    }
    await stillServes();
  });

  it('with bytes that are no message get an error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...unaryPaths.slice(1)),
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        async (path, bytes) => {
          expect(await unary(path, bytes)).not.toBe(status.DEADLINE_EXCEEDED);
        },
      ),
      { numRuns: 150, seed: 11 },
    );
    await stillServes();
  });

  it('of methods that there are not are answered', async () => {
    expect(await unary('/vdb.p2p.Shards/Nothing', Buffer.alloc(0))).toBe(status.UNIMPLEMENTED);
    expect(await unary('/qdrant.Points/Search', Buffer.alloc(0))).toBe(status.UNIMPLEMENTED);
  });
});

const good: readonly Uint8Array[] = [
  ShardRequest.encode({
    number: 1,
    timeoutMs: 1000,
    target,
    body: { $case: 'follow', value: { wait: true, direct: false } },
    operation: Buffer.from('operation'),
  }).finish(),
  ShardRequest.encode({
    number: 2,
    timeoutMs: 1000,
    target,
    body: {
      $case: 'search',
      value: {
        vector: 'v',
        query: Buffer.alloc(8),
        filter: Buffer.from('f'),
        limit: 1,
        offset: 0,
        ef: 0,
        exact: false,
        scoreThreshold: 0.5,
        indexedOnly: false,
        payload: Buffer.from('p'),
        vectors: Buffer.from('v'),
      },
    },
    operation: Buffer.alloc(0),
  }).finish(),
  ShardRequest.encode({
    number: 3,
    timeoutMs: 1000,
    target,
    body: { $case: 'acceptLeader', value: { without: [1, 2], direct: true } },
    operation: Buffer.alloc(0),
  }).finish(),
];

/** A good message with some bytes replaced, cut or doubled. */
const damaged = fc
  .tuple(
    fc.constantFrom(...good),
    fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 5 }),
    fc.nat(200),
    fc.boolean(),
  )
  .map(([message, changes, end, doubled]) => {
    const bytes = Buffer.from(message);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    const cut = bytes.subarray(0, Math.max(1, end % (bytes.length + 1)));
    return doubled ? Buffer.concat([cut, message]) : cut;
  });

describe('streams', () => {
  it('with damaged requests are answered or ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...shardPaths), fc.array(damaged, { maxLength: 4 }), async (path, messages) => {
        const { code, messages: answers } = await stream(path, messages);
        expect(code).not.toBe(status.DEADLINE_EXCEEDED);
        for (const answer of answers) expect(ShardAnswer.decode(answer).result).toBeDefined();
      }),
      { numRuns: 150, seed: 13 },
    );
    await stillServes();
  });

  it('answer a request that says nothing, or half of what it needs, with an error', async () => {
    const vector = { vector: '', query: Buffer.alloc(7), payload: Buffer.alloc(0), vectors: Buffer.alloc(0) };
    const numbers = { limit: 0, offset: 0, ef: 0, exact: false, indexedOnly: false };
    const forward = { wait: false, ordering: 'sometimes', direct: false };
    const bodies: readonly ShardRequest['body'][] = [
      undefined,
      { $case: 'count', value: { exact: true } },
      { $case: 'search', value: { ...vector, ...numbers } },
      { $case: 'forward', value: forward },
    ];
    const requests = bodies.map((body, number) =>
      ShardRequest.encode({
        number,
        timeoutMs: 10,
        target: number === 1 ? undefined : target,
        body,
        operation: Buffer.alloc(0),
      }).finish(),
    );
    const { code, messages } = await stream(shardPaths[1]!, requests);
    expect(code).toBe(status.OK);
    const results = messages.map((bytes) => ShardAnswer.decode(bytes).result?.$case);
    expect(results).toEqual(['failure', 'failure', 'failure', 'failure']);
    expect(peer.host.calls).toEqual([]);
  });

  it('of raft messages give consensus whole messages only', async () => {
    const batch = encodeRaftBatch([{ type: 'heartbeat', from: 3, to: 1, term: 1, commit: 1, round: 1 }]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constant(batch)), { maxLength: 4 }),
        async (messages) => {
          expect((await stream(messagesPath, messages)).code).not.toBe(status.DEADLINE_EXCEEDED);
        },
      ),
      { numRuns: 100, seed: 17 },
    );
    const unknown = RaftBatch.encode({ messages: [{ to: 1, term: 1, body: undefined }] }).finish();
    expect((await stream(messagesPath, [unknown])).code).not.toBe(status.OK);
    for (const { from, message } of peer.receiver.received) {
      expect([from, message.from]).toEqual([3, 3]);
      expect(Number.isSafeInteger(message.term)).toBe(true);
    }
    await stillServes();
  });

  it('of one peer for writes take the place of each other', async () => {
    const operations = (): number => peer.host.operations().length;
    const old = client.makeBidiStreamRequest(shardPaths[0]!, identity, identity, header());
    const ended = new Promise<status>((resolve) => {
      old.on('error', (error: ServiceError) => resolve(error.code));
      old.resume();
    });
    old.write(Buffer.from(good[0]!));
    await until('the first write', () => operations() === 1);
    const next = client.makeBidiStreamRequest(shardPaths[0]!, identity, identity, header());
    next.on('error', () => undefined);
    next.resume();
    next.write(Buffer.from(good[0]!));
    expect(await ended).toBe(status.UNAVAILABLE);
    await until('the second write', () => operations() === 2);
    next.cancel();
  });
});
