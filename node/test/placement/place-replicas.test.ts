import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeReplicas, type PlacementRequest } from '../../src/placement/place-replicas.js';

const requests: fc.Arbitrary<PlacementRequest> = fc
  .record({
    peers: fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
    shardNumber: fc.integer({ min: 1, max: 24 }),
    replicationFactor: fc.integer({ min: 1, max: 12 }),
    loads: fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(5))),
    draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 9 }),
  })
  .map(({ loads, draws, ...request }) => {
    let next = 0;
    return { ...request, load: new Map(loads), random: () => draws[next++ % draws.length]! };
  });

function counts(placement: readonly (readonly number[])[], peers: readonly number[]): readonly number[] {
  const all = placement.flat();
  return peers.map((peer) => all.filter((other) => other === peer).length);
}

const property = (body: (request: PlacementRequest, placement: readonly (readonly number[])[]) => void) =>
  fc.assert(
    fc.property(requests, (request) => {
      body(request, placeReplicas(request));
    }),
    { seed: 20_261_121, numRuns: 500 },
  );

describe('placing replicas', () => {
  it('gives each shard as many different peers as it wants and there are', () => {
    property(({ peers, shardNumber, replicationFactor }, placement) => {
      expect(placement.length).toBe(shardNumber);
      for (const shard of placement) {
        expect(shard.length).toBe(Math.min(replicationFactor, peers.length));
        expect(new Set(shard).size).toBe(shard.length);
        expect(shard.every((peer) => peers.includes(peer))).toBe(true);
        expect(shard).toEqual(shard.toSorted((a, b) => a - b));
      }
    });
  });

  it('leaves no peer with two replicas more than another', () => {
    property(({ peers }, placement) => {
      const each = counts(placement, peers);
      expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
    });
  });

  it('gives what is left over to peers that have less', () => {
    property(({ peers, load }, placement) => {
      const each = counts(placement, peers);
      const few = Math.min(...each);
      const withMore = peers.filter((_, index) => each[index]! > few).map((peer) => load.get(peer) ?? 0);
      const withFew = peers.filter((_, index) => each[index] === few).map((peer) => load.get(peer) ?? 0);
      if (withMore.length > 0) expect(Math.max(...withMore)).toBeLessThanOrEqual(Math.min(...withFew));
    });
  });

  it('draws among equals', () => {
    const request = { peers: [1, 2, 3], shardNumber: 1, replicationFactor: 1, load: new Map() };
    const draws = (list: readonly number[]) => {
      let next = 0;
      return () => list[next++]!;
    };
    expect(placeReplicas({ ...request, random: draws([0.9, 0.1, 0.5]) })).toEqual([[2]]);
    expect(placeReplicas({ ...request, random: draws([0.9, 0.7, 0.5]) })).toEqual([[3]]);
  });

  it('spreads many small collections', () => {
    const peers = [7, 8, 9];
    const load = new Map<number, number>();
    for (let collection = 0; collection < 30; collection += 1) {
      const placed = placeReplicas({ peers, shardNumber: 1, replicationFactor: 1, load, random: () => 0 });
      for (const peer of placed.flat()) load.set(peer, (load.get(peer) ?? 0) + 1);
    }
    expect([...load.values()]).toEqual([10, 10, 10]);
  });

  it('needs a peer', () => {
    const request = { peers: [], shardNumber: 1, replicationFactor: 1, load: new Map(), random: () => 0 };
    expect(() => placeReplicas(request)).toThrow(RangeError);
  });
});
