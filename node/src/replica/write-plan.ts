/** Who leads a write, and what to do when it cannot: functions of what is known. Pure. */
import type { PeerId } from '../metadata/peer-id.js';
import { isSourceOfTruth, isUpdatable, type ReplicaState } from '../metadata/replica-state.js';
import type { Refusal, WriteOrdering } from './remote-replicas.js';
import { replicaStateOf, updatablePeers, updateLeaderOf, type ShardView } from './shard-view.js';

export interface WriteSituation {
  readonly view: ShardView;
  readonly self: PeerId;
  readonly ordering: WriteOrdering;
  /** The replica here missed writes: it cannot lead. */
  readonly selfMissed: boolean;
  /** Peers that could not be reached, or that said that they cannot lead, in this attempt. */
  readonly away: ReadonlySet<PeerId>;
  /** Whether the metadata can be changed, as far as is known. */
  readonly quorum: boolean;
  /** Set when a peer asked this one to lead directly: then nobody below leads. */
  readonly notBelow: PeerId | null;
}

export type WriteStep =
  | { readonly kind: 'lead'; readonly direct: boolean }
  | { readonly kind: 'forward'; readonly to: PeerId; readonly direct: boolean }
  /** The metadata has to name another leader first. */
  | { readonly kind: 'depose'; readonly leader: PeerId; readonly state: ReplicaState }
  | {
      readonly kind: 'fail';
      readonly reason: 'no-active-replica' | 'strong-leader-away' | 'no-quorum' | 'nobody-left';
    };

export function nextWriteStep(situation: WriteSituation): WriteStep {
  const { view, self, ordering, away, quorum } = situation;
  const leader = updateLeaderOf(view);
  if (leader === null) return { kind: 'fail', reason: 'no-active-replica' };
  const highest = view.replicas.at(-1);
  if (ordering === 'strong' && highest !== undefined && !isUpdatable(highest.state)) {
    return { kind: 'fail', reason: 'strong-leader-away' };
  }
  if (leader === self && !situation.selfMissed && !away.has(self)) return { kind: 'lead', direct: false };
  if (leader !== self && !away.has(leader)) return { kind: 'forward', to: leader, direct: false };
  const replaceable = view.replicas.some(({ peer, state }) => peer !== leader && isSourceOfTruth(state));
  if (!replaceable) return { kind: 'fail', reason: 'nobody-left' };
  if (quorum) {
    // The highest source of truth has a state.
    const state = replicaStateOf(view, leader) ?? 'Active';
    return { kind: 'depose', leader, state };
  }
  if (ordering !== 'weak') return { kind: 'fail', reason: 'no-quorum' };
  return directStep(situation, leader);
}

/** Without a quorum, the highest of those that can be reached leads a weak write. */
function directStep({ view, self, selfMissed, away, notBelow }: WriteSituation, leader: PeerId): WriteStep {
  const candidate = view.replicas.findLast(
    ({ peer, state }) =>
      peer !== leader &&
      isSourceOfTruth(state) &&
      !away.has(peer) &&
      !(peer === self && selfMissed) &&
      (notBelow === null || peer >= notBelow),
  );
  if (candidate === undefined) return { kind: 'fail', reason: 'nobody-left' };
  if (candidate.peer === self) return { kind: 'lead', direct: true };
  return { kind: 'forward', to: candidate.peer, direct: true };
}

/** What a coordinator does with a leader that refused: ask again by newer metadata, or look for another. */
export function afterRefusedForward(refusal: Refusal): 'again' | 'later' | 'away' {
  switch (refusal.kind) {
    case 'not-leader':
    case 'no-replica':
    case 'replica-state':
      return 'again';
    case 'not-open':
    case 'behind':
    case 'stale-clock':
      return 'later';
    case 'missed-writes':
    case 'leader-missed-writes':
      return 'away';
  }
}

/** Who a leader sends its operations to. A direct leader has only sources of truth below it to follow it. */
export function receiversOf(
  view: ShardView,
  self: PeerId,
  missed: ReadonlySet<PeerId>,
  direct: boolean,
): readonly PeerId[] {
  return view.replicas
    .filter(
      ({ peer, state }) =>
        peer !== self &&
        isUpdatable(state) &&
        !missed.has(peer) &&
        (!direct || (isSourceOfTruth(state) && peer < self)),
    )
    .map(({ peer }) => peer);
}

/** Whom a direct leader leaves out from its beginning: whoever would not follow it. */
export function leftOutByDirectLeader(view: ShardView, self: PeerId): readonly PeerId[] {
  const followers = new Set(receiversOf(view, self, new Set(), true));
  return updatablePeers(view).filter((peer) => peer !== self && !followers.has(peer));
}

export type WriteVerdict =
  | { readonly kind: 'success' }
  /** Too few took it; the write may remain on those that did. */
  | { readonly kind: 'too-few'; readonly needed: number };

/** `successes`: replicas that have the operation, the leader's own among them. */
export function verdictOf(view: ShardView, successes: number): WriteVerdict {
  const needed = Math.max(1, Math.min(view.writeConsistencyFactor, view.replicas.length));
  return successes >= needed ? { kind: 'success' } : { kind: 'too-few', needed };
}

/** What a leader does about a replica that refused what it sent. */
export type RefusedFollower =
  /** By newer metadata another peer leads, or the replica takes nothing: look at that metadata and decide anew. */
  | { readonly kind: 'look-again' }
  /** It will take it in a moment. */
  | { readonly kind: 'later' }
  /** It has not taken the operation, and no metadata says why. */
  | { readonly kind: 'missed' }
  /** It knows that this leader lacks writes. */
  | { readonly kind: 'step-down' };

export function judgeRefusedFollower(refusal: Refusal, refusedAt: number, ownIndex: number): RefusedFollower {
  switch (refusal.kind) {
    case 'not-leader':
    case 'no-replica':
    case 'replica-state':
      return refusedAt > ownIndex ? { kind: 'look-again' } : { kind: 'missed' };
    case 'not-open':
    case 'behind':
      return { kind: 'later' };
    case 'stale-clock':
    case 'missed-writes':
      return { kind: 'missed' };
    case 'leader-missed-writes':
      return { kind: 'step-down' };
  }
}
