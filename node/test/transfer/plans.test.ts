import { describe, expect, it } from 'vitest';
import {
  emptyMetadata,
  type CollectionState,
  type MetadataState,
  type Replica,
  type Transfer,
} from '../../src/metadata/metadata-state.js';
import { drivenTransfers, endedActive, isDriven } from '../../src/transfer/driven-transfers.js';
import { plannedRecoveries, type RecoveryLimits } from '../../src/transfer/recovery-plan.js';
import { config } from '../metadata/operations.js';

/** `1A 2D`: Active on peer 1, Dead on peer 2. */
function replicas(text: string): readonly Replica[] {
  const states = { A: 'Active', D: 'Dead', P: 'Partial', I: 'Initializing' } as const;
  return text.split(' ').map((replica) => ({
    peer: Number(replica.slice(0, -1)),
    state: states[replica.slice(-1) as keyof typeof states],
  }));
}

/** `7:1>2/0`: transfer 7 of shard 0 from peer 1 to peer 2. */
function transfer(text: string): Transfer {
  const [id = 0, from = 0, to = 0, shard = 0] = text.split(/[:>/]/).map(Number);
  return { id, shard, from, to, sync: true, method: 'stream_records', recovers: true };
}

function collection(id: number, shards: readonly string[], transfers: readonly string[] = []): CollectionState {
  return {
    id,
    name: `c${id}`,
    config,
    fieldIndexes: [],
    shards: shards.map((text, shard) => ({ id: shard, replicas: replicas(text), changedAt: id })),
    transfers: transfers.map(transfer),
  };
}

function metadata(...collections: readonly CollectionState[]): MetadataState {
  return { ...emptyMetadata, collections: new Map(collections.map((each) => [each.name, each])) };
}

describe('the transfers that a node drives', () => {
  const state = metadata(
    collection(1, ['1A 2A 3P', '1A 2P', '1D 2D 3P'], ['9:1>3/0', '8:1>2/1', '7:1>3/2']),
    collection(2, ['2A 3P'], ['6:2>3/0']),
  );

  it.each([
    [1, ['c1/8']],
    [2, ['c2/6', 'c1/9']],
    [3, []],
  ])('are those of the shards that peer %d leads', (self, expected) => {
    const driven = drivenTransfers(state, self);
    expect(driven.map(({ name, transfer: { id } }) => `${name}/${id}`)).toEqual(expected);
    for (const each of driven) expect(isDriven(state, self, each)).toBe(true);
  });

  const driven = { collection: 1, name: 'c1', transfer: transfer('9:1>3/0') };

  it.each([
    ['it is over', metadata(collection(1, ['1A 2A 3A']))],
    ['another peer leads', metadata(collection(1, ['1A 2D 3P'], ['9:1>3/0']))],
    ['the collection is gone', metadata()],
    ['the collection was created again', metadata({ ...collection(5, ['1A 2A 3P'], ['9:1>3/0']), name: 'c1' })],
  ])('are let go when %s', (_name, later) => {
    expect(isDriven(later, 2, driven)).toBe(false);
  });

  it.each([
    ['the target is Active', metadata(collection(1, ['1A 2A 3A'])), true],
    ['the target is Dead', metadata(collection(1, ['1A 2A 3D'])), false],
    ['the target is gone', metadata(collection(1, ['1A 2A'])), false],
    ['it goes on', metadata(collection(1, ['1A 2A 3P'], ['9:1>3/0'])), false],
    ['the collection is gone', metadata(), false],
  ])('ended with an Active target when %s: %#', (_name, later, expected) => {
    expect(endedActive(later, driven)).toBe(expected);
  });
});

describe('the recoveries that a node plans', () => {
  const unlimited: RecoveryLimits = { incoming: null, outgoing: null };
  const one: RecoveryLimits = { incoming: 1, outgoing: 1 };
  const plan = (state: MetadataState, limits = one, due: (shard: number) => boolean = () => true) =>
    plannedRecoveries(state, 1, limits, ({ shard }) => due(shard)).map(
      ({ operation: { collection: id, shard, from, to, sync }, leader }) =>
        `${id}/${shard} ${from}>${to} by ${leader}${sync ? '' : ', a move'}`,
    );

  it.each<[string, MetadataState, readonly string[]]>([
    ['from the leader', metadata(collection(4, ['1D 2A 3A'])), ['4/0 3>1 by 3']],
    ['of dead replicas alone', metadata(collection(4, ['1A 2A', '1P 2A', '1I 2A'])), []],
    ['one of a collection', metadata(collection(4, ['1D 2A', '1D 3A'])), ['4/0 2>1 by 2']],
    [
      'of each collection',
      metadata(collection(4, ['1D 2A']), collection(5, ['1D 2A'])),
      ['4/0 2>1 by 2', '5/0 2>1 by 2'],
    ],
    ['not while this node is in a transfer', metadata(collection(4, ['1D 2A', '1P 3A'], ['9:3>1/1'])), []],
    ['not from a peer in a transfer', metadata(collection(4, ['1D 2A', '2A 3P'], ['9:2>3/1'])), []],
    ['from another then', metadata(collection(4, ['1D 2A 3A', '3A 4P'], ['9:3>4/1'])), ['4/0 2>1 by 3']],
    ['of the next shard, when the first has no source', metadata(collection(4, ['1D 2D', '1D 2A'])), ['4/1 2>1 by 2']],
    [
      'whatever goes on in other collections',
      metadata(collection(4, ['1D 2A']), collection(5, ['1P 2A'], ['9:2>1/0'])),
      ['4/0 2>1 by 2'],
    ],
  ])('are %s', (_name, state, expected) => {
    expect(plan(state)).toEqual(expected);
  });

  it('are none of what is not due', () => {
    const state = metadata(collection(4, ['1D 2A', '1D 3A']));
    expect(plan(state, one, (shard) => shard === 1)).toEqual(['4/1 3>1 by 3']);
    expect(plan(state, one, () => false)).toEqual([]);
  });

  it.each([
    ['no limit', unlimited, 1],
    ['no incoming transfers', { incoming: 0, outgoing: null }, 0],
    ['no outgoing transfers', { incoming: null, outgoing: 0 }, 0],
  ])('keep to the settings: %s', (_name, limits, count) => {
    expect(plan(metadata(collection(4, ['1D 2A'])), limits)).toHaveLength(count);
  });
});
