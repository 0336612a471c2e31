import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlacedShard } from '../../src/placement/placed-shard.js';
import { planRepair, type RepairStep } from '../../src/placement/repair.js';
import { boards, copied, peersNamed, shardOn, shuffled } from './shard-board.js';

const peers = peersNamed('1', '2', '3');
const wanting = (replicationFactor: number, shard: PlacedShard): PlacedShard => ({ ...shard, replicationFactor });
const line = (step: RepairStep): string =>
  step.kind === 'copy'
    ? `${step.collection}/${step.shard} ${step.from}->${step.to}`
    : `${step.collection}/${step.shard}: ${step.reason}`;

describe('bringing replicas back', () => {
  const cases: readonly [string, readonly PlacedShard[], readonly string[]][] = [
    ['makes nothing where there is enough', [wanting(2, shardOn('a', 0, '1 2'))], []],
    [
      'makes it on the peer with the fewest shards',
      [wanting(2, shardOn('a', 0, '1')), shardOn('a', 1, '2')],
      ['a/0 1->3'],
    ],
    [
      'reads from the Active replica whose peer has the fewest shards',
      [wanting(3, shardOn('a', 0, '1 2')), shardOn('a', 1, '1')],
      ['a/0 2->3'],
    ],
    ['makes no more than there are peers', [wanting(5, shardOn('a', 0, '1'))], ['a/0 1->2', 'a/0 1->3']],
    ['counts a replica that gets well by itself', [wanting(2, shardOn('a', 0, '1 2?'))], []],
    ['needs an Active replica', [wanting(2, shardOn('a', 0, '1?'))], ['a/0: no-active-replica']],
    [
      'begins with the shard that is nearest to its loss',
      [wanting(3, shardOn('a', 0, '1 2')), wanting(3, shardOn('a', 1, '1 2?'))],
      ['a/1 1->3', 'a/0 1->3'],
    ],
  ];
  it.each(cases)('%s', (_name, shards, expected) => {
    expect(planRepair({ shards, peers, leaving: [] }).map(line)).toEqual(expected);
  });

  it('reads from a peer that leaves, and gives it nothing', () => {
    const leaving = peersNamed('4');
    const shards = [wanting(2, shardOn('a', 0, '4')), wanting(2, shardOn('a', 1, '1'))];
    expect(planRepair({ shards, peers: peersNamed('1', '2'), leaving }).map(line)).toEqual(['a/0 4->2', 'a/1 1->2']);
  });

  it('waits for peers that do not answer', () => {
    const some = peers.map((peer) => ({ ...peer, available: peer.id === '1' }));
    const shards = [wanting(2, shardOn('a', 0, '1')), wanting(2, shardOn('a', 1, '2'))];
    expect(planRepair({ shards, peers: some, leaving: [] }).map(line)).toEqual([
      'a/0: not-available',
      'a/1: not-available',
    ]);
  });

  const property = (allActive: boolean, body: (request: Parameters<typeof planRepair>[0]) => void) =>
    fc.assert(
      fc.property(boards({ allActive, zones: true }), ({ shards, peers: drawn }) => {
        body({ shards, peers: drawn, leaving: [] });
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  const played = (request: Parameters<typeof planRepair>[0]) =>
    planRepair(request).reduce((state, step) => (step.kind === 'copy' ? copied(state, step) : state), request.shards);

  it('brings every shard to its factor when all is well, and no further', () => {
    property(true, (request) => {
      played(request).forEach(({ replicas, replicationFactor }, index) => {
        const had = request.shards[index]!.replicas.length;
        expect(replicas.length).toBe(Math.max(had, Math.min(replicationFactor, request.peers.length)));
        expect(new Set(replicas.map(({ peer }) => peer)).size).toBe(replicas.length);
      });
    });
  });

  it('has nothing to make after what it planned, in whatever state the cluster is', () => {
    property(false, (request) => {
      expect(planRepair({ ...request, shards: played(request) }).filter(({ kind }) => kind === 'copy')).toEqual([]);
    });
  });

  it('is the same in any order of the input', () => {
    property(false, (request) => {
      const other = shuffled(request);
      expect(planRepair({ ...request, ...other })).toEqual(planRepair(request));
    });
  });
});
