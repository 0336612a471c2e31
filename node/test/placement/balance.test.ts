import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBalance } from '../../src/placement/balance.js';
import type { PlacedShard } from '../../src/placement/placed-shard.js';
import { boards, moved, peersNamed, shardOn, shuffled, type ShardBoard } from './shard-board.js';

const property = (
  board: fc.Arbitrary<ShardBoard>,
  body: (board: ShardBoard, moves: ReturnType<typeof planBalance>) => void,
) =>
  fc.assert(
    fc.property(board, (drawn) => {
      body(drawn, planBalance(drawn));
    }),
    { seed: 20_261_122, numRuns: 300 },
  );

const calm = boards({ allActive: true, zones: false });
const zoned = boards({ allActive: true, zones: true });
const troubled = boards({ allActive: false, zones: true });

function spread(shards: readonly PlacedShard[], peers: ShardBoard['peers']): number {
  const counts = peers.map(
    ({ id }) => shards.filter(({ replicas }) => replicas.some(({ peer }) => peer === id)).length,
  );
  return Math.max(...counts) - Math.min(...counts);
}

const lines = (moves: ReturnType<typeof planBalance>) =>
  moves.map(({ collection, shard, from, to }) => `${collection}/${shard} ${from}->${to}`);

describe('balancing by count', () => {
  it('fills a new peer, and stops where a move would only turn the difference around', () => {
    const shards = [0, 1, 2, 3].map((shard) => shardOn('docs', shard, shard % 2 === 0 ? '1' : '2'));
    expect(lines(planBalance({ shards, peers: peersNamed('1', '2', '3') }))).toEqual(['docs/0 1->3']);
    expect(planBalance({ shards, peers: peersNamed('1', '2') })).toEqual([]);
  });

  it('says what each move makes more even', () => {
    const shards = [0, 1].map((shard) => shardOn('docs', shard, '1'));
    expect(planBalance({ shards, peers: peersNamed('1', '2') })).toEqual([
      { collection: 'docs', shard: 0, from: '1', to: '2', scope: 'shard-key', donorHas: 2, recipientHas: 0 },
    ]);
  });

  it('spreads many collections of one shard', () => {
    const shards = Array.from({ length: 30 }, (_, index) => shardOn(`c${index}`, 0, '1'));
    const moves = planBalance({ shards, peers: peersNamed('1', '2', '3') });
    expect(moves.length).toBe(20);
    expect(spread(moves.reduce(moved, shards), peersNamed('1', '2', '3'))).toBe(0);
  });

  it('spreads each shard key by itself, as its queries ask for it alone', () => {
    const shards = [shardOn('docs', 0, '1', 'de'), shardOn('docs', 1, '1', 'de'), shardOn('docs', 2, '2', 'fr')];
    const after = planBalance({ shards, peers: peersNamed('1', '2') }).reduce<readonly PlacedShard[]>(moved, shards);
    const german = after.filter(({ shardKey }) => shardKey === 'de');
    expect(spread(german, peersNamed('1', '2'))).toBe(0);
  });

  it('never drops a replica that is more than the factor asks for', () => {
    const shards = [{ ...shardOn('docs', 0, '1 2 3'), replicationFactor: 1 }];
    expect(planBalance({ shards, peers: peersNamed('1', '2', '3', '4') })).toEqual([]);
  });

  it('keeps replicas of a shard in different zones where it can', () => {
    const peers = [
      { id: '1', zone: 'a', available: true },
      { id: '2', zone: 'b', available: true },
      { id: '3', zone: 'b', available: true },
    ];
    // The third is in the zone of the second: only what the second has may go to it without sharing a zone.
    const shards = [0, 1, 2].map((shard) => shardOn('docs', shard, '1 2'));
    expect(lines(planBalance({ shards, peers }))).toEqual(['docs/0 2->3']);
  });

  it('leaves peers alone that do not answer, and replicas that are not Active', () => {
    const shards = [
      shardOn('docs', 0, '1?'),
      shardOn('docs', 1, '1?'),
      shardOn('docs', 2, '2'),
      shardOn('docs', 3, '2'),
    ];
    const peers = [...peersNamed('1', '2'), { id: '3', zone: null, available: false }];
    expect(planBalance({ shards, peers })).toEqual([]);
  });

  it('is played to its end by any cluster, and leaves no two peers apart by two in any scope', () => {
    property(calm, ({ shards, peers }, moves) => {
      const after = moves.reduce<readonly PlacedShard[]>(moved, shards);
      for (const collection of ['a', 'b', 'c']) {
        const ofCollection = after.filter((shard) => shard.collection === collection);
        expect(spread(ofCollection, peers)).toBeLessThanOrEqual(1);
        for (const key of [null, 'de', 'fr']) {
          const ofKey = ofCollection.filter(({ shardKey }) => shardKey === key);
          expect(spread(ofKey, peers)).toBeLessThanOrEqual(1);
        }
      }
      expect(spread(after, peers)).toBeLessThanOrEqual(1);
      expect(planBalance({ shards: after, peers })).toEqual([]);
    });
  });

  it('never brings more replicas of a shard into one zone', () => {
    property(zoned, ({ shards, peers }, moves) => {
      const zones = new Map(peers.map(({ id, zone }) => [id, zone ?? `of ${id} alone`]));
      const used = (shard: PlacedShard) => new Set(shard.replicas.map(({ peer }) => zones.get(peer))).size;
      const after = moves.reduce<readonly PlacedShard[]>(moved, shards);
      after.forEach((shard, index) => {
        expect(used(shard)).toBeGreaterThanOrEqual(used(shards[index]!));
      });
    });
  });

  it('is the same plan after its first move, and in any order of the input', () => {
    property(troubled, (board, moves) => {
      expect(planBalance(shuffled(board))).toEqual(moves);
      const [first, ...rest] = moves;
      if (first === undefined) return;
      expect(planBalance({ ...board, shards: moved(board.shards, first) })).toEqual(rest);
    });
  });

  it('ends, and moves only Active replicas between peers that answer, in whatever state the cluster is', () => {
    property(troubled, ({ shards, peers }, moves) => {
      const answer = new Set(peers.filter(({ available }) => available).map(({ id }) => id));
      expect(moves.every(({ from, to }) => answer.has(from) && answer.has(to))).toBe(true);
      const after = moves.reduce<readonly PlacedShard[]>(moved, shards);
      expect(planBalance({ shards: after, peers })).toEqual([]);
      expect(after.map(({ replicas }) => replicas.length)).toEqual(shards.map(({ replicas }) => replicas.length));
    });
  });

  it('plans a thousand collections within a pass', () => {
    const shards = Array.from({ length: 3000 }, (_, index) =>
      shardOn(`c${index % 1000}`, Math.floor(index / 1000), `${1 + (index % 3)} ${1 + ((index + 1) % 3)}`),
    );
    const peers = peersNamed('1', '2', '3', '4', '5');
    const started = performance.now();
    const after = planBalance({ shards, peers }).reduce(
      (counts, { from, to }) => {
        counts.set(from, counts.get(from)! - 1);
        return counts.set(to, (counts.get(to) ?? 0) + 1);
      },
      new Map(['1', '2', '3'].map((peer) => [peer, 2000])),
    );
    expect([...after.values()]).toEqual([1200, 1200, 1200, 1200, 1200]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
