import { afterEach, describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { PeerUnreachable, ReplicaRefused, type Refusal, type ShardTarget } from '../../src/replica/remote-replicas.js';
import { FakeCluster, FakePeer, type FakePeerOptions } from './fake-peer.js';
import { rejection } from './until.js';

const target: ShardTarget = { collection: 12, shard: 3, metadataIndex: 77 };
const bytes = (text: string): Buffer => Buffer.from(text);
const timeoutMs = 5000;

let peers: FakePeer[] = [];

async function twoPeers(options: FakePeerOptions = {}): Promise<[FakePeer, FakePeer]> {
  const cluster = new FakeCluster();
  peers = [await FakePeer.start(cluster, 1, options), await FakePeer.start(cluster, 2, options)];
  return [peers[0]!, peers[1]!];
}

afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.stop()));
  peers = [];
});

describe('what is asked of a replica', () => {
  it('carries a forwarded operation and its answer', async () => {
    const [one, two] = await twoPeers();
    two.host.on('forward', () => ({ status: 'completed', sequence: 9, missing: '17' }));
    const write = { kind: 'operation', operation: bytes('upsert') } as const;
    const options = { wait: true, ordering: 'strong', timeoutMs: 1234, direct: false } as const;
    const result = await one.network.replicas.forward(2, target, write, options);
    expect(result).toEqual({ status: 'completed', sequence: 9, missing: '17' });
    expect(two.host.calls).toEqual([{ method: 'forward', from: 1, arguments: [target, write, options] }]);
  });

  it('carries a forwarded operation with a filter and without a limit of time', async () => {
    const [one, two] = await twoPeers();
    const write = { kind: 'filtered', filter: bytes('filter'), operation: bytes('delete') } as const;
    const options = { wait: false, ordering: 'weak', timeoutMs: null, direct: true } as const;
    const result = await one.network.replicas.forward(2, target, write, options);
    expect(result).toEqual({ status: 'acknowledged', sequence: 1 });
    expect(two.host.calls[0]?.arguments).toEqual([target, write, options]);
  });

  it('carries the announcement of a leader, operations to follow, and replaced ranges', async () => {
    const [one, two] = await twoPeers();
    two.host.on('acceptLeader', () => ({ newestTick: 41 }));
    const { replicas } = one.network;
    const accepted = await replicas.acceptLeader(2, target, { without: [3, 5], direct: true }, timeoutMs);
    expect(accepted).toEqual({ newestTick: 41 });
    const follow = { wait: true, direct: true, timeoutMs };
    await replicas.follow(2, target, bytes('operation'), follow);
    await replicas.replaceRange(2, target, { after: bytes('a'), to: null, operation: bytes('points') }, timeoutMs);
    await replicas.replaceRange(2, target, { after: null, to: bytes('z'), operation: bytes('') }, timeoutMs);
    expect(two.host.calls.map((call) => call.arguments)).toEqual([
      [target, { without: [3, 5], direct: true }, timeoutMs],
      [target, bytes('operation'), follow],
      [target, { after: bytes('a'), to: null, operation: bytes('points') }, timeoutMs],
      [target, { after: null, to: bytes('z'), operation: bytes('') }, timeoutMs],
    ]);
  });

  it('carries searches bit by bit', async () => {
    const [one, two] = await twoPeers();
    const points = Buffer.alloc(1000, 7);
    two.host.on('search', () => points);
    const request = {
      vector: 'image',
      query: Float32Array.from([0.1, -0, 3e38, 1e-45]),
      filter: bytes('program'),
      limit: 10,
      offset: 2 ** 40,
      ef: 0,
      exact: true,
      scoreThreshold: 0,
      indexedOnly: true,
      payload: bytes('p'),
      vectors: bytes('v'),
    };
    expect(await one.network.replicas.search(2, target, request, timeoutMs)).toEqual(points);
    const bare = { ...request, vector: '', filter: null, scoreThreshold: null, query: new Float32Array(0) };
    await one.network.replicas.search(2, target, bare, timeoutMs);
    const seen = two.host.calls.map((call) => call.arguments[1]);
    expect(seen).toEqual([request, bare]);
    expect(Object.is((seen[0] as typeof request).query[1], -0)).toBe(true);
  });

  it('carries the other reads', async () => {
    const [one, two] = await twoPeers();
    const { replicas } = one.network;
    const info = {
      status: { color: 'red', reason: 'lost its log' },
      points: 5,
      vectors: 6,
      indexedVectors: 4,
      fieldIndexes: [{ path: 'a.b', points: 3 }],
    } as const;
    const digest = { digest: bytes('0123456789abcdef'), count: 8, last: bytes('last'), more: true };
    two.host.on('retrieve', () => bytes('batch'));
    two.host.on('scroll', () => ({ points: bytes('page'), next: bytes('next') }));
    two.host.on('count', () => 2 ** 50);
    two.host.on('info', () => info);
    two.host.on('rangeDigest', () => digest);
    two.host.on('missedWrites', () => [{ collection: 3, shard: 1 }]);
    const retrieve = { ids: bytes('ids'), payload: bytes('p'), vectors: bytes('v') };
    const scroll = { filter: null, from: bytes('from'), limit: 3, payload: bytes('p'), vectors: bytes('v') };
    const range = { after: null, to: bytes('to'), limit: 500 };
    expect(await replicas.retrieve(2, target, retrieve, timeoutMs)).toEqual(bytes('batch'));
    expect(await replicas.scroll(2, target, scroll, timeoutMs)).toEqual({ points: bytes('page'), next: bytes('next') });
    expect(await replicas.count(2, target, { filter: null, exact: true }, timeoutMs)).toBe(2 ** 50);
    expect(await replicas.info(2, target, timeoutMs)).toEqual(info);
    expect(await replicas.rangeDigest(2, target, range, timeoutMs)).toEqual(digest);
    expect(await replicas.missedWrites(2, timeoutMs)).toEqual([{ collection: 3, shard: 1 }]);
    expect(two.host.calls.map((call) => call.arguments)).toEqual([
      [target, retrieve, timeoutMs],
      [target, scroll, timeoutMs],
      [target, { filter: null, exact: true }, timeoutMs],
      [target, timeoutMs],
      [target, range, timeoutMs],
      [timeoutMs],
    ]);
  });
});

describe('errors of a replica', () => {
  it('keep their kind, their words and when to come back', async () => {
    const [one, two] = await twoPeers();
    const errors = [
      new ServiceError('bad-input', 'Vector dimension error: expected dim: 4, got 3'),
      new ServiceError('not-found', 'No point with id 17 found'),
      new ServiceError('rate-limited', 'Too many', { retryAfterSec: 3 }),
      new ServiceError('no-space', 'No space left on the storage device'),
    ];
    for (const error of errors) {
      two.host.on('count', () => Promise.reject(error));
      const seen = await rejection(one.network.replicas.count(2, target, { filter: null, exact: true }, timeoutMs));
      expect(seen).toBeInstanceOf(ServiceError);
      const { kind, message, retryAfterSec } = seen as ServiceError;
      expect({ kind, message, retryAfterSec }).toEqual({
        kind: error.kind,
        message: error.message,
        retryAfterSec: error.retryAfterSec,
      });
    }
  });

  it('tell of what the engine threw as the node itself would', async () => {
    const [one, two] = await twoPeers();
    two.host.on('count', () => Promise.reject(Object.assign(new Error('disk full'), { code: 'NO_SPACE' })));
    const full = await rejection(one.network.replicas.count(2, target, { filter: null, exact: true }, timeoutMs));
    expect((full as ServiceError).kind).toBe('no-space');
    two.host.on('count', () => {
      throw new TypeError('a defect');
    });
    const defect = await rejection(one.network.replicas.count(2, target, { filter: null, exact: true }, timeoutMs));
    expect(defect).toMatchObject({ kind: 'internal', message: 'a defect' });
  });

  it('tell of refusals with the index by which they were decided', async () => {
    const [one, two] = await twoPeers();
    const refusals: readonly Refusal[] = [
      { kind: 'behind' },
      { kind: 'no-replica' },
      { kind: 'not-open' },
      { kind: 'replica-state' },
      { kind: 'not-leader' },
      { kind: 'stale-clock', newestTick: 2 ** 45 },
      { kind: 'missed-writes' },
      { kind: 'leader-missed-writes' },
    ];
    for (const refusal of refusals) {
      two.host.on('follow', () => Promise.reject(new ReplicaRefused(55, refusal, 'said no')));
      const options = { wait: false, direct: false, timeoutMs };
      const seen = await rejection(one.network.replicas.follow(2, target, bytes('x'), options));
      expect(seen).toBeInstanceOf(ReplicaRefused);
      expect(seen).toMatchObject({ metadataIndex: 55, refusal, message: 'said no' });
    }
  });

  it('are of a peer that does not answer in time', async () => {
    const [one, two] = await twoPeers();
    two.host.on('count', () => new Promise(() => undefined));
    const seen = await rejection(one.network.replicas.count(2, target, { filter: null, exact: true }, 50));
    expect(seen).toBeInstanceOf(PeerUnreachable);
    expect(seen).toMatchObject({ peer: 2, message: expect.stringContaining('within 50 ms') as unknown });
  });

  it('are of a peer that nobody knows', async () => {
    const [one] = await twoPeers();
    const seen = await rejection(one.network.replicas.count(3, target, { filter: null, exact: true }, timeoutMs));
    expect(seen).toBeInstanceOf(PeerUnreachable);
    expect((seen as PeerUnreachable).peer).toBe(3);
  });
});

describe('the order of writes', () => {
  it('is that of the calls, from before there is a connection', async () => {
    const [one, two] = await twoPeers();
    const written: Promise<unknown>[] = [];
    const wanted: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 50; index += 1) {
        const operation = `${round}.${index}`;
        wanted.push(operation);
        // Sizes differ, so that some need several frames.
        const padded = Buffer.concat([bytes(operation), Buffer.alloc((index % 7) * 10_000, ' ')]);
        written.push(one.network.replicas.follow(2, target, padded, { wait: false, direct: false, timeoutMs: 20_000 }));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(written);
    expect(two.host.operations().map((operation) => operation.trimEnd())).toEqual(wanted);
  });

  it('does not make answers wait for each other', async () => {
    const [one, two] = await twoPeers();
    let release: (value: unknown) => void = () => undefined;
    const held = new Promise((resolve) => (release = resolve));
    two.host.on('follow', ({ arguments: [, operation] }) =>
      Buffer.from(operation as Uint8Array).toString() === 'first'
        ? held.then(() => ({ status: 'acknowledged', sequence: 1 }))
        : { status: 'acknowledged', sequence: 2 },
    );
    const options = { wait: false, direct: false, timeoutMs };
    const first = one.network.replicas.follow(2, target, bytes('first'), options);
    const second = one.network.replicas.follow(2, target, bytes('second'), options);
    expect(await second).toEqual({ status: 'acknowledged', sequence: 2 });
    release(null);
    expect(await first).toEqual({ status: 'acknowledged', sequence: 1 });
  });

  it('holds when many more are under way than are served at once', async () => {
    const [one, two] = await twoPeers();
    let release: (value: unknown) => void = () => undefined;
    const held = new Promise((resolve) => (release = resolve));
    two.host.on('follow', () => held.then(() => ({ status: 'acknowledged', sequence: 1 })));
    const count = 3000;
    const written = Array.from({ length: count }, (_, index) =>
      one.network.replicas.follow(2, target, bytes(String(index)), { wait: false, direct: false, timeoutMs: 20_000 }),
    );
    const options = { filter: null, exact: true };
    // Other requests go by another stream, and are served while this one waits.
    expect(await one.network.replicas.count(2, target, options, timeoutMs)).toBe(0);
    expect(two.host.operations().length).toBeLessThan(count);
    release(null);
    await Promise.all(written);
    expect(two.host.operations()).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });
});

describe('limits of messages', () => {
  it('fail what is too large alone, in both directions', async () => {
    const [one, two] = await twoPeers();
    const limit = 128 * 1024 * 1024;
    const options = { wait: false, direct: false, timeoutMs: 20_000 };
    const small = one.network.replicas.follow(2, target, bytes('small'), options);
    const large = one.network.replicas.follow(2, target, Buffer.alloc(limit), options);
    const after = one.network.replicas.follow(2, target, bytes('after'), options);
    expect(await rejection(large)).toMatchObject({ kind: 'too-large' });
    await Promise.all([small, after]);
    two.host.on('search', () => Buffer.alloc(limit));
    const query = Float32Array.from([1]);
    const request = {
      vector: '',
      query,
      filter: null,
      limit: 1,
      offset: 0,
      ef: 0,
      exact: false,
      scoreThreshold: null,
      indexedOnly: false,
      payload: bytes(''),
      vectors: bytes(''),
    };
    expect(await rejection(one.network.replicas.search(2, target, request, 20_000))).toMatchObject({
      kind: 'too-large',
    });
    expect(await one.network.replicas.count(2, target, { filter: null, exact: true }, timeoutMs)).toBe(0);
    expect(two.host.operations()).toEqual(['small', 'after']);
  });
});
