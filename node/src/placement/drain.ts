/** What becomes of the replicas of a peer that leaves. */
import { compareShards, compareText, inZoneOf, zonesOf } from './placed-shard.js';
import type { PlacedShard, PlacementPeer, ShardCopy } from './placed-shard.js';
import { ReplicaCounts } from './replica-counts.js';

export interface DrainRequest {
  readonly shards: readonly PlacedShard[];
  readonly leaving: PlacementPeer;
  /** Those that stay. */
  readonly keepers: readonly PlacementPeer[];
}

export type DrainBlock =
  /** No other replica is Active, and the one of the leaving peer is not either, or can't be read. */
  | 'no-active-replica'
  /** Each keeper has a replica, and too few of them are Active to drop one. */
  | 'too-few-active'
  /** Of the keepers that lack the shard none answers, or the leaving peer does not. */
  | 'not-available';

export type DrainStep =
  | ({ readonly kind: 'move' } & ShardCopy)
  | {
      readonly kind: 'drop';
      readonly collection: string;
      readonly shard: number;
      readonly peer: string;
      readonly activeOn: readonly string[];
    }
  | { readonly kind: 'blocked'; readonly collection: string; readonly shard: number; readonly reason: DrainBlock };

/** One step for each shard on the leaving peer, in the order of collections and shards, however the input is ordered. */
export function planDrain({ shards, leaving, keepers }: DrainRequest): readonly DrainStep[] {
  const counts = new ReplicaCounts(shards);
  const zones = zonesOf([...keepers, leaving]);
  const steps: DrainStep[] = [];
  for (const shard of shards.toSorted(compareShards)) {
    const own = shard.replicas.find(({ peer }) => peer === leaving.id);
    if (own === undefined) continue;
    const step = stepFor(shard, own.active, { leaving, keepers, counts, zones });
    steps.push(step);
    if (step.kind !== 'blocked') counts.remove(shard, leaving.id);
    if (step.kind === 'move') counts.add(shard, step.to);
  }
  return steps;
}

interface Board {
  readonly leaving: PlacementPeer;
  readonly keepers: readonly PlacementPeer[];
  readonly counts: ReplicaCounts;
  readonly zones: ReadonlyMap<string, string>;
}

function stepFor(shard: PlacedShard, active: boolean, board: Board): DrainStep {
  const { leaving, keepers } = board;
  const at = { collection: shard.collection, shard: shard.shard };
  const activeOn = keepers
    .filter(({ id, available }) => available && shard.replicas.some((other) => other.peer === id && other.active))
    .map(({ id }) => id)
    .sort(compareText);
  const drop: DrainStep = { kind: 'drop', ...at, peer: leaving.id, activeOn };
  // What is not Active can be read by nobody. Without it the shard lacks a replica, and repair makes a better one.
  if (!active) return activeOn.length > 0 ? drop : { kind: 'blocked', ...at, reason: 'no-active-replica' };

  const lacking = keepers.filter(({ id }) => !shard.replicas.some(({ peer }) => peer === id));
  if (lacking.length > 0) {
    const target = leaving.available ? bestTarget(shard, lacking, board) : null;
    if (target === null) return { kind: 'blocked', ...at, reason: 'not-available' };
    return { kind: 'move', ...at, from: leaving.id, to: target.id };
  }
  if (activeOn.length === 0) return { kind: 'blocked', ...at, reason: 'no-active-replica' };
  // A replica is given away only while two are left, so that no single failure loses the shard; a single keeper can't.
  const enough = Math.min(2, keepers.length);
  return activeOn.length >= enough ? drop : { kind: 'blocked', ...at, reason: 'too-few-active' };
}

function bestTarget(shard: PlacedShard, lacking: readonly PlacementPeer[], board: Board): PlacementPeer | null {
  const others = shard.replicas.map(({ peer }) => peer).filter((peer) => peer !== board.leaving.id);
  const order = (a: PlacementPeer, b: PlacementPeer): number =>
    inZoneOf(a, others, board.zones) - inZoneOf(b, others, board.zones) ||
    board.counts.compare(shard, a.id, b.id) ||
    compareText(a.id, b.id);
  return lacking.filter(({ available }) => available).sort(order)[0] ?? null;
}
