import { describe, expect, it } from 'vitest';
import { apply } from '../../src/metadata/apply.js';
import { decodeMetadata, encodeMetadata, MetadataFormatError } from '../../src/metadata/metadata-file.js';
import type { Applied, MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../../src/metadata/metadata-state.js';
import { config } from './operations.js';

function run(list: readonly MetadataOperation[]): {
  readonly state: MetadataState;
  readonly applied: readonly Applied[];
} {
  let state = firstPeerMetadata(1);
  const applied: Applied[] = [];
  for (const operation of list) {
    const next = apply(state, operation);
    state = next.state;
    applied.push(next.applied);
  }
  return { state, applied };
}

describe('identity', () => {
  it('is that of the creating operation and never comes back', () => {
    const { state } = run([
      { kind: 'create-collection', name: 'a', config, placement: [[1]] },
      { kind: 'delete-collection', collection: 1 },
      { kind: 'create-collection', name: 'a', config, placement: [[1]] },
    ]);
    expect(state.collections.get('a')?.id).toBe(3);
  });

  it('stays through changes', () => {
    const { state } = run([
      { kind: 'create-collection', name: 'a', config, placement: [[1]] },
      { kind: 'update-collection', collection: 1, change: { hnsw: { m: 8 }, metadata: '{"k":1}' } },
      { kind: 'create-field-index', collection: 1, index: { path: 'x', type: 'keyword', params: null } },
      { kind: 'create-field-index', collection: 1, index: { path: 'x', type: 'integer', params: null } },
    ]);
    const collection = state.collections.get('a');
    expect(collection?.id).toBe(1);
    expect(collection?.config.hnsw).toEqual({ ...config.hnsw, m: 8 });
    expect(collection?.config.metadata).toBe('{"k":1}');
    expect(collection?.fieldIndexes).toEqual([{ path: 'x', type: 'integer', params: null }]);
  });
});

describe('rejections', () => {
  const created: MetadataOperation = { kind: 'create-collection', name: 'a', config, placement: [[1]] };
  const table: readonly [string, readonly MetadataOperation[], object][] = [
    ['a second creation', [created, created], { reason: 'collection-exists', name: 'a' }],
    [
      'a change of nothing',
      [{ kind: 'update-collection', collection: 1, change: {} }],
      { reason: 'no-such-collection', collection: 1 },
    ],
    [
      'a deletion of nothing',
      [{ kind: 'delete-collection', collection: 1 }],
      { reason: 'no-such-collection', collection: 1 },
    ],
    [
      'an unknown vector',
      [created, { kind: 'update-collection', collection: 1, change: { vectors: [{ name: 'v' }] } }],
      { reason: 'no-such-vector', name: 'v' },
    ],
    [
      'an index of nothing',
      [{ kind: 'delete-field-index', collection: 1, path: 'x' }],
      { reason: 'no-such-collection', collection: 1 },
    ],
  ];
  it.each(table)('%s', (_name, list, rejection) => {
    expect(run(list).applied.at(-1)?.rejection).toEqual(rejection);
  });
});

describe('a damaged file is refused', () => {
  const good = encodeMetadata(run([{ kind: 'create-collection', name: 'a', config, placement: [[1]] }]).state);
  const edited = (edit: (file: { format: unknown; appliedIndex: unknown; collections: unknown[] }) => void): string => {
    const file = JSON.parse(good) as { format: unknown; appliedIndex: unknown; collections: unknown[] };
    edit(file);
    return JSON.stringify(file);
  };
  const table: readonly [string, string, RegExp][] = [
    ['no JSON', '{"format":1', /not JSON/],
    ['no object', 'null', /not a JSON object/],
    ['another format', edited((file) => (file.format = 3)), /format 3.*format 2/],
    ['no index', edited((file) => (file.appliedIndex = '1')), /appliedIndex/],
    ['no list', edited((file) => (file.collections = [1])), /collections\.0 does not fit/],
    ['an identity from the future', edited((file) => (file.appliedIndex = 0)), /identity/],
    ['one name twice', edited((file) => file.collections.push(file.collections[0])), /twice/],
  ];
  it.each(table)('%s', (_name, text, message) => {
    expect(() => decodeMetadata(text)).toThrow(MetadataFormatError);
    expect(() => decodeMetadata(text)).toThrow(message);
  });
});

describe('a transfer whose target is found dead', () => {
  const copied = (placement: readonly (readonly number[])[]): MetadataState =>
    run([
      { kind: 'add-peer', peer: 2, uri: 'http://two:6335/' },
      { kind: 'create-collection', name: 'a', config, placement },
      { kind: 'activate-replicas', collection: 2, peer: 1, shards: [0] },
      { kind: 'set-replica-state', collection: 2, shard: 0, peer: 2, state: 'Dead', from: null, seen: null },
      { kind: 'start-transfer', collection: 2, shard: 0, from: 1, to: 2, sync: true, method: 'stream_records' },
      { kind: 'set-replica-state', collection: 2, shard: 0, peer: 2, state: 'Dead', from: 'Partial', seen: null },
    ]).state;

  it.each([
    ['is over, and a target that was a replica before stays', [[1, 2]], [1, 2]],
    ['is over, and a target that was none goes', [[1]], [1]],
  ])('%s', (_name, placement, peers) => {
    const collection = copied(placement).collections.get('a');
    expect(collection?.transfers).toEqual([]);
    expect(collection?.shards[0]?.replicas.map(({ peer }) => peer)).toEqual(peers);
  });
});
