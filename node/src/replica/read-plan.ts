/** Which replicas a read asks, and how many must agree: functions of what is known. Pure. */
import type { PeerId } from '../metadata/peer-id.js';
import { isReadable } from '../metadata/replica-state.js';
import type { ShardView } from './shard-view.js';

export type ReadConsistency = number | 'majority' | 'quorum' | 'all';

export interface ReadPlan {
  /** Answers wanted. */
  readonly ask: number;
  /** How many of them must hold a point, the same everywhere. */
  readonly agree: number;
}

/** null: the shard has not enough replicas for it. Those that are being created count, as they will answer. */
export function readPlan(view: ShardView, consistency: ReadConsistency): ReadPlan | null {
  const readable = view.replicas.filter(({ state }) => isReadable(state)).length;
  const total = view.replicas.filter(({ state }) => isReadable(state) || state === 'Initializing').length;
  const plan = planFor(total, consistency);
  return readable >= plan.ask && readable > 0 ? plan : null;
}

function planFor(total: number, consistency: ReadConsistency): ReadPlan {
  const more = Math.floor(total / 2) + 1;
  switch (consistency) {
    case 'all':
      return { ask: total, agree: total };
    case 'majority':
      return { ask: total, agree: more };
    case 'quorum':
      return { ask: more, agree: more };
    default: {
      const factor = Math.max(1, Math.min(consistency, total));
      return { ask: factor, agree: factor };
    }
  }
}

export interface ReadSituation {
  readonly view: ShardView;
  readonly self: PeerId;
  /** The replica here can be read: it is open and missed nothing. */
  readonly selfServes: boolean;
  /** Replicas that missed writes which this node took. */
  readonly missed: ReadonlySet<PeerId>;
  readonly routeAffinity: string | null;
  /** From 0 up to, not with, 1. */
  readonly random: () => number;
}

/** Peers to ask, best first: the one here before others, or as the text of the affinity has them. */
export function readOrder({ view, self, selfServes, missed, routeAffinity, random }: ReadSituation): readonly PeerId[] {
  const peers = view.replicas
    .filter(({ peer, state }) => isReadable(state) && !missed.has(peer) && (peer !== self || selfServes))
    .map(({ peer }) => peer);
  const rank = (peer: PeerId): number => {
    if (routeAffinity !== null) return affinityHash(routeAffinity, peer);
    return peer === self ? -1 : random();
  };
  return peers
    .map((peer) => ({ peer, rank: rank(peer) }))
    .sort((a, b) => a.rank - b.rank || a.peer - b.peer)
    .map(({ peer }) => peer);
}

/** FNV-1a over the text and the peer's digits: the same on every node, so that all send a token to one replica. */
function affinityHash(token: string, peer: PeerId): number {
  let hash = 0x811c9dc5;
  for (const unit of `${token}\u0000${peer}`) {
    hash ^= unit.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  // The last bytes alone tell peers apart; a final mix lets them reach the high bits.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Of counts that replicas gave: what that many of them reach. */
export function agreedCount(counts: readonly number[], agree: number): number {
  const descending = [...counts].sort((a, b) => b - a);
  return descending[Math.min(agree, descending.length) - 1] ?? 0;
}
