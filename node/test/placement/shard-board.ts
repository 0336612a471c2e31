/** Boards of shards and peers for the planners of moves: drawn at random, and changed by what was planned. */
import fc from 'fast-check';
import type { PlacedShard, PlacementPeer, ShardCopy } from '../../src/placement/placed-shard.js';

export interface ShardBoard {
  readonly shards: readonly PlacedShard[];
  readonly peers: readonly PlacementPeer[];
}

export function peersNamed(...ids: readonly string[]): readonly PlacementPeer[] {
  return ids.map((id) => ({ id, zone: null, available: true }));
}

/** A shard in a line: its peers, with a question mark behind those whose replica is not Active. */
export function shardOn(
  collection: string,
  shard: number,
  holders: string,
  shardKey: string | null = null,
): PlacedShard {
  const replicas = holders
    .split(' ')
    .filter((holder) => holder !== '')
    .map((holder) => ({ peer: holder.replace('?', ''), active: !holder.endsWith('?') }));
  return { collection, shard, shardKey, replicationFactor: replicas.length, replicas };
}

const ids = ['11', '12', '13', '14', '15', '16', '9007199254740993'];

export function boards(options: { readonly allActive: boolean; readonly zones: boolean }): fc.Arbitrary<ShardBoard> {
  const peer = (id: string): fc.Arbitrary<PlacementPeer> =>
    fc.record({
      id: fc.constant(id),
      zone: options.zones ? fc.constantFrom('a', 'b', 'c', null) : fc.constant(null),
      available: options.allActive ? fc.constant(true) : fc.integer({ min: 0, max: 5 }).map((drawn) => drawn > 0),
    });
  return fc
    .subarray(ids, { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen.map(peer)))
    .chain((peers) => {
      const replica = fc.record({
        peer: fc.constantFrom(...peers.map(({ id }) => id)),
        active: options.allActive ? fc.constant(true) : fc.integer({ min: 0, max: 4 }).map((drawn) => drawn > 0),
      });
      const shard = fc.record({
        collection: fc.constantFrom('a', 'b', 'c'),
        shardKey: fc.constantFrom(null, 'de', 'fr'),
        replicationFactor: fc.integer({ min: 1, max: 4 }),
        replicas: fc.uniqueArray(replica, { selector: ({ peer }) => peer, minLength: 1, maxLength: 4 }),
      });
      return fc.array(shard, { maxLength: 24 }).map((shards): ShardBoard => ({
        peers,
        shards: shards.map((each, index) => ({ ...each, shard: index })),
      }));
    });
}

/** The same board, told in another order. */
export function shuffled(board: ShardBoard): ShardBoard {
  return {
    peers: board.peers.toReversed(),
    shards: board.shards.toReversed().map((shard) => ({ ...shard, replicas: shard.replicas.toReversed() })),
  };
}

type Change = Pick<ShardCopy, 'collection' | 'shard'>;

function changed(
  shards: readonly PlacedShard[],
  at: Change,
  change: (replicas: PlacedShard['replicas']) => PlacedShard['replicas'],
): readonly PlacedShard[] {
  return shards.map((shard) =>
    shard.collection === at.collection && shard.shard === at.shard
      ? { ...shard, replicas: change(shard.replicas) }
      : shard,
  );
}

/** As a cluster would: refuses what has no Active source, or a target that has the shard. */
export function copied(shards: readonly PlacedShard[], copy: ShardCopy): readonly PlacedShard[] {
  return changed(shards, copy, (replicas) => {
    if (!replicas.some(({ peer, active }) => peer === copy.from && active)) throw new Error('The source is not Active');
    if (replicas.some(({ peer }) => peer === copy.to)) throw new Error('The target has a replica already');
    return [...replicas, { peer: copy.to, active: true }];
  });
}

/** As a cluster would: refuses to lose the last Active replica. */
export function dropped(
  shards: readonly PlacedShard[],
  at: Change & { readonly peer: string },
): readonly PlacedShard[] {
  return changed(shards, at, (replicas) => {
    const left = replicas.filter(({ peer }) => peer !== at.peer);
    if (!left.some(({ active }) => active)) throw new Error('The last Active replica would go');
    return left;
  });
}

export function moved(shards: readonly PlacedShard[], move: ShardCopy): readonly PlacedShard[] {
  return dropped(copied(shards, move), { ...move, peer: move.from });
}
