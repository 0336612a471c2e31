/** Random operations on metadata: of every kind, on things that exist and on things that do not. */
import fc from 'fast-check';
import { apply } from '../../src/metadata/apply.js';
import type { CollectionConfig } from '../../src/metadata/collection-config.js';
import type { Applied, MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../../src/metadata/metadata-state.js';
import { replicaStates } from '../../src/metadata/replica-state.js';

export const config: CollectionConfig = {
  params: {
    vectors: [{ name: '', size: 4, distance: 'Cosine', datatype: null, onDisk: null, hnsw: null, multivector: null }],
    sparseVectors: [{ name: 'words', onDisk: null, fullScanThreshold: null, datatype: null, modifier: null }],
    shardNumber: 1,
    replicationFactor: 1,
    writeConsistencyFactor: 1,
    readFanOutFactor: null,
    readFanOutDelayMs: null,
    onDiskPayload: true,
  },
  hnsw: { m: 16, efConstruct: 100, fullScanThresholdKb: 10_000, maxIndexingThreads: 0, onDisk: null, payloadM: null },
  optimizers: {
    deletedThreshold: 0.2,
    vacuumMinVectorNumber: 1000,
    defaultSegmentNumber: 0,
    maxSegmentSizeKb: null,
    memmapThresholdKb: null,
    indexingThresholdKb: 10_000,
    flushIntervalSec: 5,
    maxOptimizationThreads: null,
  },
  wal: { walCapacityMb: 32, walSegmentsAhead: 0, walRetainClosed: 1 },
  metadata: null,
};

export const withShards = (shardNumber: number): CollectionConfig => ({
  ...config,
  params: { ...config.params, shardNumber },
});

// Names that JavaScript objects treat in their own way are names like any other.
const names = fc.constantFrom('a', 'b', '__proto__', 'constructor');
const peers = fc.integer({ min: 1, max: 5 });
const shards = fc.integer({ min: 0, max: 2 });
const uris = fc.constantFrom('http://one:6335/', 'http://two:6335/', 'http://three:6335/', 'http://four:6335/');

/** A collection, and a transfer, by the place that it has among those that are there: identities depend on history. */
type Draw = (state: MetadataState) => MetadataOperation;

const identity = (state: MetadataState, place: number): number =>
  [...state.collections.values()][place]?.id ?? state.appliedIndex + 1;

const transferIdentity = (state: MetadataState, collection: number, place: number): number =>
  [...state.collections.values()].find(({ id }) => id === collection)?.transfers[place]?.id ?? 1;

const places = fc.constantFrom(0, 0, 0, 1, 1, 2);

const onCollections: fc.Arbitrary<Draw>[] = [
  fc
    .tuple(names, fc.array(fc.array(peers, { maxLength: 3 }), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([name, placement, other]): Draw => {
      const wanted = withShards(placement.length + (other ? 1 : 0));
      return () => ({ kind: 'create-collection', name, config: wanted, placement });
    }),
  fc.tuple(names, shards, fc.constantFrom([1, 2], [2, 3], [1, 2, 3], [4, 2])).map(([name, more, on]): Draw => () => ({
    kind: 'create-collection',
    name,
    config: withShards(more + 1),
    placement: Array.from({ length: more + 1 }, () => on),
  })),
  places.map((place): Draw => (state) => ({ kind: 'delete-collection', collection: identity(state, place) })),
  fc
    .tuple(places, fc.constantFrom('', 'words', 'other'), fc.integer({ min: 4, max: 64 }))
    .map(([place, vector, m]): Draw => (state) => ({
      kind: 'update-collection',
      collection: identity(state, place),
      change: { hnsw: { m }, vectors: [{ name: vector, onDisk: true }] },
    })),
  fc
    .tuple(places, fc.constantFrom('x', 'y.z'), fc.constantFrom('keyword', 'integer'))
    .map(([place, path, type]): Draw => (state) => ({
      kind: 'create-field-index',
      collection: identity(state, place),
      index: { path, type, params: null },
    })),
  fc.tuple(places, fc.constantFrom('x', 'y.z')).map(([place, path]): Draw => (state) => ({
    kind: 'delete-field-index',
    collection: identity(state, place),
    path,
  })),
];

const onPeers: fc.Arbitrary<Draw>[] = [
  fc.tuple(peers, uris).map(([peer, uri]): Draw => () => ({ kind: 'add-peer', peer, uri })),
  peers.map((peer): Draw => () => ({ kind: 'suspend-peer', peer })),
  fc.tuple(peers, fc.boolean()).map(([peer, force]): Draw => () => ({ kind: 'remove-peer', peer, force })),
  fc
    .tuple(peers, fc.option(uris, { nil: undefined }), fc.constantFrom('1.0.0', undefined))
    .map(([peer, uri, version]): Draw => () => ({
      kind: 'update-peer',
      peer,
      ...(uri === undefined ? {} : { uri }),
      ...(version === undefined ? {} : { version }),
    })),
];

const onReplicas: fc.Arbitrary<Draw>[] = [
  fc.tuple(places, peers, fc.array(shards, { maxLength: 3 })).map(([place, peer, list]): Draw => (state) => ({
    kind: 'activate-replicas',
    collection: identity(state, place),
    peer,
    shards: list,
  })),
  fc
    .tuple(
      places,
      shards,
      peers,
      fc.constantFrom(...replicaStates),
      fc.constantFrom(null, null, null, null, null, null, ...replicaStates),
      fc.constantFrom(null, 0, 1, 5),
    )
    .map(([place, shard, peer, to, from, age]): Draw => (state) => ({
      kind: 'set-replica-state',
      collection: identity(state, place),
      shard,
      peer,
      state: to,
      from,
      seen: age === null ? null : Math.max(0, state.appliedIndex - age),
    })),
  fc.tuple(places, shards, peers).map(([place, shard, peer]): Draw => (state) => ({
    kind: 'drop-replica',
    collection: identity(state, place),
    shard,
    peer,
  })),
];

const onTransfers: fc.Arbitrary<Draw>[] = [
  fc.tuple(places, shards, peers, peers, fc.boolean()).map(([place, shard, from, to, sync]): Draw => (state) => ({
    kind: 'start-transfer',
    collection: identity(state, place),
    shard,
    from,
    to,
    sync,
    method: 'stream_records',
  })),
  fc.tuple(places, places, fc.boolean()).map(([place, which, finish]): Draw => (state) => {
    const collection = identity(state, place);
    const transfer = transferIdentity(state, collection, which);
    return finish
      ? { kind: 'finish-transfer', collection, transfer }
      : { kind: 'abort-transfer', collection, transfer, reason: 'a test' };
  }),
];

/** Random peers seldom are a source that is Active and a target that may receive. */
const likelyTransfers: fc.Arbitrary<Draw> = fc
  .tuple(shards, peers, fc.boolean())
  .map(([shard, to, sync]): Draw => (state) => {
    const collection = identity(state, 0);
    const replicas = state.collections.values().next().value?.shards[shard]?.replicas ?? [];
    const from = replicas.find((replica) => replica.state === 'Active' && replica.peer !== to)?.peer ?? 1;
    return { kind: 'start-transfer', collection, shard, from, to, sync, method: 'stream_records' };
  });

/** Replicas stay Initializing until their peers say otherwise, which random operations seldom do in time. */
const activations = [1, 2, 3].map((peer): Draw => (state) => ({
  kind: 'activate-replicas',
  collection: identity(state, 0),
  peer,
  shards: [0, 1, 2],
}));

export interface Step {
  readonly before: MetadataState;
  readonly operation: MetadataOperation;
  readonly after: MetadataState;
  readonly applied: Applied;
}

export const firstState = firstPeerMetadata(1, 'http://one:6335/');

/** Histories from the first peer on, which reach clusters of several with shards and transfers. */
export const histories: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(fc.oneof(...onPeers.slice(0, 1), ...onCollections.slice(1, 2)), {
      minLength: 8,
      maxLength: 24,
      size: 'max',
    }),
    fc.array(
      fc.oneof(
        { arbitrary: fc.oneof(...onCollections), weight: 1 },
        { arbitrary: fc.oneof(...onPeers), weight: 1 },
        { arbitrary: fc.oneof(...onReplicas), weight: 4 },
        { arbitrary: fc.oneof(...onTransfers), weight: 4 },
        { arbitrary: likelyTransfers, weight: 3 },
      ),
      { maxLength: 60, size: 'max' },
    ),
  )
  .map(([beginning, rest]) => {
    const steps: Step[] = [];
    let before = firstState;
    for (const draw of [...beginning, ...activations, ...rest]) {
      const operation = draw(before);
      const { state: after, applied } = apply(before, operation);
      steps.push({ before, operation, after, applied });
      before = after;
    }
    return steps;
  });
