/**
 * Replaces a peer whose data is gone: its replicas are dropped where the cluster has others that live, it is removed,
 * and its pod, which waits with an empty volume, then joins as a new peer. Every step is known by its effect in the
 * members and the shard map, so any pass may be the first.
 */
import type { Assessment, LostPeer, Shard } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { podName } from '../observe/wanted-cluster.js';
import type { LostPeerReport, Proposal } from './plan.js';
import { blocked, done, take, wait } from './proposal.js';

export function proposeDeadPeer(observation: Observation, assessment: Assessment): Proposal {
  if (assessment.claim.kind !== 'claimed' || assessment.lostPeers.length === 0) return done;
  // With a peer removed and its successor no voter yet, the cluster has no slack for another removal.
  if (assessment.joiningPods.length > 0) return done;
  let blocking: Proposal = done;
  for (const lost of assessment.lostPeers) {
    const proposal = replace(observation, assessment, lost);
    if (proposal.kind !== 'blocked') return proposal;
    if (blocking.kind === 'done') blocking = proposal;
  }
  return blocking;
}

/** What people are told of each lost peer. */
export function reportLostPeers(observation: Observation, assessment: Assessment): readonly LostPeerReport[] {
  const pods = new Map(assessment.peers.map((peer) => [peer.id, peer.pod?.name ?? null]));
  return assessment.lostPeers.map((lost) => ({
    peer: lost.peer,
    pod: podName(observation.wanted, lost.ordinal),
    evidence: lost.evidence,
    shards: (lost.shards ?? []).map(({ shard, activeElsewhere }) => {
      const others = activeElsewhere.map((peer) => `${peer} (${pods.get(peer) ?? 'no pod'})`);
      return `${nameOf(shard)}: ${others.length === 0 ? 'on no other peer' : `also on ${others.join(', ')}`}`;
    }),
  }));
}

function replace(observation: Observation, assessment: Assessment, lost: LostPeer): Proposal {
  const { wanted } = observation;
  const pod = podName(wanted, lost.ordinal);
  if (!wanted.deadPeer.recover) {
    return blocked(
      'DeadPeer',
      'ManualRecovery',
      `Peer ${lost.peer} lost its volume: ${lost.evidence}. spec.operator.deadPeer.action is Manual, so remove the peer by hand, or set Recover`,
    );
  }
  if (assessment.shardMap.kind === 'unknown' || lost.shards === null) {
    const why = assessment.shardMap.kind === 'unknown' ? assessment.shardMap.why : 'Its shards are not known.';
    return wait('DeadPeer', `Peer ${lost.peer} of ${pod} lost its volume; what it held is not certain yet. ${why}`);
  }
  if (assessment.shardMap.resharding) {
    return wait('DeadPeer', `Peer ${lost.peer} of ${pod} lost its volume; first a resharding has to end`);
  }
  const transfer = assessment.shardMap.transfers.find(({ from, to }) => from === lost.peer || to === lost.peer);
  if (transfer !== undefined) {
    const { collection, shard, from, to } = transfer;
    const why = `peer ${lost.peer} lost its volume`;
    return take('DeadPeer', { kind: 'abort-transfer', transfer: { collection, shard, from, to }, why });
  }
  const held = lost.shards.find(({ activeElsewhere }) => activeElsewhere.length > 0);
  const unique = lost.shards.filter(({ activeElsewhere }) => activeElsewhere.length === 0);
  const consented = wanted.consent.dataLossOf === lost.peer;
  // Dropping the others would leave less to decide about, and a volume that comes back would find less of itself.
  if (unique.length > 0 && !consented) return noActiveReplica(lost, pod, unique);
  if (held !== undefined) {
    const { collection, shard } = held.shard;
    const why = `its volume is lost, and peer ${held.activeElsewhere.join(', ')} has the shard`;
    return take('DeadPeer', { kind: 'drop-replica', collection, shard, peer: lost.peer, why });
  }
  const force = unique.length > 0;
  const why = force
    ? `${lost.evidence}; the loss of ${listOf(unique.map(({ shard }) => nameOf(shard)))} was agreed to`
    : lost.evidence;
  return take('DeadPeer', { kind: 'remove-peer', peer: lost.peer, force, why });
}

function noActiveReplica(lost: LostPeer, pod: string, unique: NonNullable<LostPeer['shards']>): Proposal {
  const shards = listOf(unique.map(({ shard }) => nameOf(shard)));
  return blocked(
    'DeadPeer',
    'NoActiveReplica',
    `Peer ${lost.peer} of ${pod} lost its volume, and no peer that answers has an Active replica of ${shards}. Bring the volume or the other replicas back, or agree to the loss with the annotation accept-data-loss: "${lost.peer}"`,
  );
}

const maxNamed = 10;

function listOf(names: readonly string[]): string {
  const rest = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function nameOf(shard: Shard): string {
  return `${shard.collection}/${shard.shard}`;
}
