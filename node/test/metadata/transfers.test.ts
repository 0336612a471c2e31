import { describe, expect, it } from 'vitest';
import { apply } from '../../src/metadata/apply.js';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import {
  firstPeerMetadata,
  updateLeader,
  type CollectionState,
  type MetadataState,
} from '../../src/metadata/metadata-state.js';
import type { ReplicaState } from '../../src/metadata/replica-state.js';
import { config } from './operations.js';

type Replicas = Readonly<Record<number, ReplicaState>>;

/** Four peers, and a collection of one shard with these replicas. Its identity is 10. */
function cluster(replicas: Replicas): MetadataState {
  const peers = new Map([1, 2, 3, 4].map((id) => [id, { id, uri: `http://${id}/`, version: null }]));
  const list = Object.entries(replicas).map(([peer, state]) => ({ peer: Number(peer), state }));
  const collection: CollectionState = {
    ...{ id: 10, name: 'a', config, fieldIndexes: [], transfers: [] },
    shards: [{ id: 0, replicas: list, changedAt: 10 }],
  };
  return { ...firstPeerMetadata(1), appliedIndex: 10, peers, collections: new Map([['a', collection]]) };
}

/** The replicas after the operations, of which none may be rejected. */
function after(replicas: Replicas, ...operations: readonly MetadataOperation[]): [Replicas, number] {
  let state = cluster(replicas);
  for (const operation of operations) {
    const next = apply(state, operation);
    expect(next.applied.rejection).toBeNull();
    state = next.state;
  }
  const { shards, transfers } = state.collections.get('a')!;
  return [Object.fromEntries(shards[0]!.replicas.map(({ peer, state }) => [peer, state])), transfers.length];
}

function rejection(replicas: Replicas, ...operations: readonly MetadataOperation[]): unknown {
  let state = cluster(replicas);
  let last: unknown = null;
  for (const operation of operations) {
    const next = apply(state, operation);
    ({ state } = next);
    last = next.applied.rejection;
  }
  return last;
}

const start = (from: number, to: number, sync: boolean): MetadataOperation => ({
  ...{ kind: 'start-transfer', collection: 10, shard: 0, from, to, sync },
  method: 'stream_records',
});
/** Of the transfer that the first operation started. */
const finish: MetadataOperation = { kind: 'finish-transfer', collection: 10, transfer: 11 };
const abort: MetadataOperation = { kind: 'abort-transfer', collection: 10, transfer: 11, reason: 'a test' };
const set = (
  peer: number,
  state: ReplicaState,
  from: ReplicaState | null = null,
  seen: number | null = null,
): MetadataOperation => ({
  ...{ kind: 'set-replica-state', collection: 10, shard: 0, peer, state, from, seen },
});
const drop = (peer: number): MetadataOperation => ({ kind: 'drop-replica', collection: 10, shard: 0, peer });
const remove = (peer: number): MetadataOperation => ({ kind: 'remove-peer', peer, force: true });

describe('a transfer', () => {
  const table: readonly [string, Replicas, readonly MetadataOperation[], Replicas, number][] = [
    ['to a new replica', { 1: 'Active' }, [start(1, 2, true)], { 1: 'Active', 2: 'Partial' }, 1],
    ['that is finished', { 1: 'Active' }, [start(1, 2, true), finish], { 1: 'Active', 2: 'Active' }, 0],
    ['that moves, and is finished', { 1: 'Active' }, [start(1, 2, false), finish], { 2: 'Active' }, 0],
    ['that is aborted', { 1: 'Active' }, [start(1, 2, true), abort], { 1: 'Active' }, 0],
    ['that moves, and is aborted', { 1: 'Active' }, [start(1, 2, false), abort], { 1: 'Active' }, 0],
    [
      'that recovers, and is aborted',
      { 1: 'Active', 2: 'Dead' },
      [start(1, 2, true), abort],
      { 1: 'Active', 2: 'Dead' },
      0,
    ],
    ['whose new target died', { 1: 'Active' }, [start(1, 2, true), set(2, 'Dead')], { 1: 'Active' }, 0],
    [
      'whose target died again',
      { 1: 'Active', 2: 'Dead' },
      [start(1, 2, true), set(2, 'Dead')],
      { 1: 'Active', 2: 'Dead' },
      0,
    ],
    [
      'whose target became active without it',
      { 1: 'Active', 2: 'Dead' },
      [start(1, 2, true), set(2, 'Active')],
      { 1: 'Active', 2: 'Active' },
      0,
    ],
    [
      'whose source died',
      { 1: 'Active', 3: 'Active' },
      [start(1, 2, true), set(1, 'Dead')],
      { 1: 'Dead', 3: 'Active' },
      0,
    ],
    ['whose source was dropped', { 1: 'Active', 3: 'Active' }, [start(1, 2, true), drop(1)], { 3: 'Active' }, 0],
    ['whose target was dropped', { 1: 'Active' }, [start(1, 2, true), drop(2)], { 1: 'Active' }, 0],
    ['whose target was removed', { 1: 'Active' }, [start(1, 2, true), remove(2)], { 1: 'Active' }, 0],
    // What is on the target is all that is left, and better than nothing for whoever looks at it.
    ['whose source was removed, the only one', { 1: 'Active' }, [start(1, 2, false), remove(1)], { 2: 'Dead' }, 0],
    [
      'beside another of the same shard',
      { 1: 'Active', 3: 'Active' },
      [start(1, 2, true), start(3, 4, true), abort],
      { 1: 'Active', 3: 'Active', 4: 'Partial' },
      1,
    ],
  ];
  it.each(table)('%s', (_name, before, operations, replicas, transfers) => {
    expect(after(before, ...operations)).toEqual([replicas, transfers]);
  });
});

describe('refused', () => {
  const table: readonly [string, Replicas, readonly MetadataOperation[], object][] = [
    [
      'a source that is not active',
      { 1: 'Initializing' },
      [start(1, 2, true)],
      { reason: 'source-not-active', shard: 0, peer: 1, state: 'Initializing' },
    ],
    [
      'a target that is active',
      { 1: 'Active', 2: 'Active' },
      [start(1, 2, true)],
      { reason: 'target-not-needed', shard: 0, peer: 2, state: 'Active' },
    ],
    [
      'a second transfer from the source',
      { 1: 'Active' },
      [start(1, 2, true), start(1, 3, true)],
      { reason: 'in-transfer', shard: 0, peer: 1, transfer: 11 },
    ],
    ['to itself', { 1: 'Active' }, [start(1, 1, true)], { reason: 'same-peer', peer: 1 }],
    ['from nowhere', { 1: 'Active' }, [start(3, 2, true)], { reason: 'no-such-replica', shard: 0, peer: 3 }],
    ['to nobody', { 1: 'Active' }, [start(1, 9, true)], { reason: 'no-such-peer', peer: 9 }],
    [
      'finishing twice',
      { 1: 'Active' },
      [start(1, 2, true), finish, finish],
      { reason: 'no-such-transfer', transfer: 11 },
    ],
    [
      'the death of the last source of truth',
      { 1: 'Active', 2: 'Partial' },
      [set(1, 'Dead')],
      { reason: 'last-source-of-truth', shard: 0, peer: 1 },
    ],
    [
      'a state that came too late',
      { 1: 'Active', 2: 'Partial' },
      [set(2, 'Dead', 'Active')],
      { reason: 'other-replica-state', shard: 0, peer: 2, state: 'Partial', expected: 'Active' },
    ],
    ['dropping the last replica', { 1: 'Dead' }, [drop(1)], { reason: 'last-replica', shard: 0, peer: 1 }],
    [
      'dropping the last that is active',
      { 1: 'Active', 2: 'Dead' },
      [drop(1)],
      { reason: 'last-active-replica', shard: 0, peer: 1 },
    ],
  ];
  it.each(table)('%s', (_name, before, operations, expected) => {
    expect(rejection(before, ...operations)).toEqual(expected);
  });
});

describe('activation', () => {
  const activate = (peer: number): MetadataOperation => ({
    ...{ kind: 'activate-replicas', collection: 10, peer, shards: [0, 7] },
  });

  it('is for replicas that are new', () => {
    expect(after({ 1: 'Initializing', 2: 'Initializing' }, activate(1))[0]).toEqual({ 1: 'Active', 2: 'Initializing' });
    expect(after({ 1: 'Active', 2: 'Dead' }, activate(2))[0]).toEqual({ 1: 'Active', 2: 'Dead' });
  });
});

describe('the update leader', () => {
  const leader = (replicas: Replicas) => updateLeader(cluster(replicas).collections.get('a')!.shards[0]!);

  it('is the highest peer that has every write', () => {
    expect(leader({ 1: 'Active', 2: 'Active', 3: 'Partial' })).toBe(2);
    expect(leader({ 1: 'Active', 2: 'Dead', 3: 'Listener' })).toBe(1);
    expect(leader({ 1: 'Dead', 2: 'Initializing' })).toBeNull();
  });
});

describe('a replica that is proposed as dead', () => {
  it('lives when the replicas of its shard have changed since whoever proposed it looked', () => {
    const replicas = { 1: 'Active', 2: 'Active', 3: 'Active' } as const;
    // A leader that was cut off and replaced speaks against the one that replaced it.
    expect(rejection(replicas, set(3, 'Dead', 'Active', 10), set(2, 'Dead', 'Active', 10))).toEqual({
      reason: 'replicas-changed',
      shard: 0,
      changedAt: 11,
    });
    expect(after(replicas, set(3, 'Dead', 'Active', 10), set(2, 'Dead', 'Active', 11))).toEqual([
      { 1: 'Active', 2: 'Dead', 3: 'Dead' },
      0,
    ]);
  });
});
