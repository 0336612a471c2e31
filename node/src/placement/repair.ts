/** Which replicas are to be made where a shard has fewer than it should. */
import { compareShards, compareText, inZoneOf, zonesOf } from './placed-shard.js';
import type { PlacedShard, PlacementPeer, ShardCopy } from './placed-shard.js';
import { ReplicaCounts } from './replica-counts.js';

export interface RepairRequest {
  readonly shards: readonly PlacedShard[];
  /** Those that may get replicas. */
  readonly peers: readonly PlacementPeer[];
  /** Those that get none, but can be read: they are about to leave. */
  readonly leaving: readonly PlacementPeer[];
}

export type RepairStep =
  | ({ readonly kind: 'copy' } & ShardCopy)
  | {
      readonly kind: 'blocked';
      readonly collection: string;
      readonly shard: number;
      readonly reason: 'no-active-replica' | 'not-available';
    };

interface Board {
  readonly counts: ReplicaCounts;
  readonly zones: ReadonlyMap<string, string>;
}

/**
 * As many copies as shards lack replicas, up to their factor and the number of peers; the shards with the fewest
 * Active replicas come first. A replica in any state counts: what is Dead or Partial gets well by itself.
 */
export function planRepair({ shards, peers, leaving }: RepairRequest): readonly RepairStep[] {
  const board: Board = { counts: new ReplicaCounts(shards), zones: zonesOf([...peers, ...leaving]) };
  const readable = new Set([...peers, ...leaving].filter(({ available }) => available).map(({ id }) => id));
  return shards
    .filter((shard) => holdersOf(shard).size < Math.min(shard.replicationFactor, peers.length))
    .sort((a, b) => activeCount(a) - activeCount(b) || compareShards(a, b))
    .flatMap((shard) => stepsFor(shard, peers, readable, board));
}

function stepsFor(
  shard: PlacedShard,
  peers: readonly PlacementPeer[],
  readable: ReadonlySet<string>,
  { counts, zones }: Board,
): readonly RepairStep[] {
  const at = { collection: shard.collection, shard: shard.shard };
  if (activeCount(shard) === 0) return [{ kind: 'blocked', ...at, reason: 'no-active-replica' }];
  const from = shard.replicas
    .filter(({ peer, active }) => active && readable.has(peer))
    .map(({ peer }) => peer)
    .sort((a, b) => counts.total(a) - counts.total(b) || compareText(a, b))[0];
  if (from === undefined) return [{ kind: 'blocked', ...at, reason: 'not-available' }];

  const holders = holdersOf(shard);
  const steps: RepairStep[] = [];
  while (holders.size < Math.min(shard.replicationFactor, peers.length)) {
    const order = (a: PlacementPeer, b: PlacementPeer): number =>
      inZoneOf(a, holders, zones) - inZoneOf(b, holders, zones) ||
      counts.compare(shard, a.id, b.id) ||
      compareText(a.id, b.id);
    const to = peers.filter(({ id, available }) => available && !holders.has(id)).sort(order)[0];
    if (to === undefined) return [...steps, { kind: 'blocked', ...at, reason: 'not-available' }];
    steps.push({ kind: 'copy', ...at, from, to: to.id });
    holders.add(to.id);
    counts.add(shard, to.id);
  }
  return steps;
}

function holdersOf(shard: PlacedShard): Set<string> {
  return new Set(shard.replicas.map(({ peer }) => peer));
}

function activeCount(shard: PlacedShard): number {
  return shard.replicas.filter(({ active }) => active).length;
}
