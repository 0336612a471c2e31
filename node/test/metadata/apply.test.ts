import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply } from '../../src/metadata/apply.js';
import type { CollectionConfig } from '../../src/metadata/collection-config.js';
import { decodeMetadata, encodeMetadata, MetadataFormatError } from '../../src/metadata/metadata-file.js';
import type { Applied, MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { brokenInvariant, emptyMetadata, type MetadataState } from '../../src/metadata/metadata-state.js';

const config: CollectionConfig = {
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

// Names that JavaScript objects treat in their own way are names like any other.
const names = fc.constantFrom('a', 'b', '__proto__', 'constructor');

const operations: fc.Arbitrary<MetadataOperation> = fc.oneof(
  names.map((name): MetadataOperation => ({ kind: 'create-collection', name, config })),
  names.map((name): MetadataOperation => ({ kind: 'delete-collection', name })),
  fc
    .tuple(names, fc.integer({ min: 4, max: 64 }))
    .map(([name, m]): MetadataOperation => ({ kind: 'update-collection', name, change: { hnsw: { m } } })),
  fc.tuple(names, fc.constantFrom('', 'words', 'other')).map(([name, vector]): MetadataOperation => ({
    kind: 'update-collection',
    name,
    change: { vectors: [{ name: vector, onDisk: true }] },
  })),
  fc
    .tuple(names, fc.constantFrom('x', 'y.z'), fc.constantFrom('keyword', 'integer'))
    .map(([collection, path, type]): MetadataOperation => ({
      kind: 'create-field-index',
      collection,
      index: { path, type, params: null },
    })),
  fc
    .tuple(names, fc.constantFrom('x', 'y.z'))
    .map(([collection, path]): MetadataOperation => ({ kind: 'delete-field-index', collection, path })),
);

function run(list: readonly MetadataOperation[]): {
  readonly state: MetadataState;
  readonly applied: readonly Applied[];
} {
  let state = emptyMetadata;
  const applied: Applied[] = [];
  for (const operation of list) {
    const next = apply(state, operation);
    state = next.state;
    applied.push(next.applied);
  }
  return { state, applied };
}

const property = (body: (list: readonly MetadataOperation[]) => unknown) =>
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 40 }), (list) => {
      body(list);
    }),
    { seed: 20_261_121, numRuns: 300 },
  );

describe('applying operations', () => {
  it('keeps the invariants', () => {
    property((list) => {
      let state = emptyMetadata;
      for (const operation of list) {
        state = apply(state, operation).state;
        expect(brokenInvariant(state)).toBeNull();
      }
    });
  });

  it('depends on nothing but state and operation', () => {
    property((list) => expect(run(list)).toEqual(run(list)));
  });

  it('leaves the state before it as it was', () => {
    property((list) => {
      const { state } = run(list);
      const before = encodeMetadata(state);
      apply(state, { kind: 'create-collection', name: 'new', config });
      apply(state, { kind: 'delete-collection', name: 'a' });
      expect(encodeMetadata(state)).toBe(before);
    });
  });

  it('counts every operation, rejected ones too', () => {
    property((list) => {
      const { state, applied } = run(list);
      expect(state.appliedIndex).toBe(list.length);
      expect(applied.map(({ index }) => index)).toEqual(list.map((_, index) => index + 1));
    });
  });

  it('changes nothing when it rejects', () => {
    property((list) => {
      let state = emptyMetadata;
      for (const operation of list) {
        const next = apply(state, operation);
        if (next.applied.rejection !== null) expect(next.state.collections).toBe(state.collections);
        state = next.state;
      }
    });
  });

  it('survives being written and read', () => {
    property((list) => {
      const { state } = run(list);
      const read = decodeMetadata(encodeMetadata(state));
      expect(read).toEqual(state);
    });
  });
});

describe('identity', () => {
  it('is that of the creating operation and never comes back', () => {
    const { state } = run([
      { kind: 'create-collection', name: 'a', config },
      { kind: 'delete-collection', name: 'a' },
      { kind: 'create-collection', name: 'a', config },
    ]);
    expect(state.collections.get('a')?.id).toBe(3);
  });

  it('stays through changes', () => {
    const { state } = run([
      { kind: 'create-collection', name: 'a', config },
      { kind: 'update-collection', name: 'a', change: { hnsw: { m: 8 }, metadata: '{"k":1}' } },
      { kind: 'create-field-index', collection: 'a', index: { path: 'x', type: 'keyword', params: null } },
      { kind: 'create-field-index', collection: 'a', index: { path: 'x', type: 'integer', params: null } },
    ]);
    const collection = state.collections.get('a');
    expect(collection?.id).toBe(1);
    expect(collection?.config.hnsw).toEqual({ ...config.hnsw, m: 8 });
    expect(collection?.config.metadata).toBe('{"k":1}');
    expect(collection?.fieldIndexes).toEqual([{ path: 'x', type: 'integer', params: null }]);
  });
});

describe('rejections', () => {
  const created: MetadataOperation = { kind: 'create-collection', name: 'a', config };
  const table: readonly [string, readonly MetadataOperation[], object][] = [
    ['a second creation', [created, created], { reason: 'collection-exists', name: 'a' }],
    [
      'a change of nothing',
      [{ kind: 'update-collection', name: 'a', change: {} }],
      { reason: 'no-such-collection', name: 'a' },
    ],
    ['a deletion of nothing', [{ kind: 'delete-collection', name: 'a' }], { reason: 'no-such-collection', name: 'a' }],
    [
      'an unknown vector',
      [created, { kind: 'update-collection', name: 'a', change: { vectors: [{ name: 'v' }] } }],
      { reason: 'no-such-vector', name: 'v' },
    ],
    [
      'an index of nothing',
      [{ kind: 'delete-field-index', collection: 'a', path: 'x' }],
      { reason: 'no-such-collection', name: 'a' },
    ],
  ];
  it.each(table)('%s', (_name, list, rejection) => {
    expect(run(list).applied.at(-1)?.rejection).toEqual(rejection);
  });
});

describe('a damaged file is refused', () => {
  const good = encodeMetadata(run([{ kind: 'create-collection', name: 'a', config }]).state);
  const edited = (edit: (file: { format: unknown; appliedIndex: unknown; collections: unknown[] }) => void): string => {
    const file = JSON.parse(good) as { format: unknown; appliedIndex: unknown; collections: unknown[] };
    edit(file);
    return JSON.stringify(file);
  };
  const table: readonly [string, string, RegExp][] = [
    ['no JSON', '{"format":1', /not JSON/],
    ['no object', 'null', /not a JSON object/],
    ['another format', edited((file) => (file.format = 2)), /format 2.*format 1/],
    ['no index', edited((file) => (file.appliedIndex = '1')), /appliedIndex/],
    ['no list', edited((file) => (file.collections = [1])), /list of collections/],
    ['an identity from the future', edited((file) => (file.appliedIndex = 0)), /identity/],
    ['one name twice', edited((file) => file.collections.push(file.collections[0])), /twice/],
  ];
  it.each(table)('%s', (_name, text, message) => {
    expect(() => decodeMetadata(text)).toThrow(MetadataFormatError);
    expect(() => decodeMetadata(text)).toThrow(message);
  });
});
