/**
 * Takes away the nodes above the wanted size, from the highest ordinal, one at a time: its shards are moved, it is
 * seen to be empty for a while, leaves the Service and then the cluster, its volume is marked, the set gets one pod
 * less, and the volume goes. Where a pass stands is seen from members, shard map, set and volumes; until the removal
 * a raised size finds nothing that has to be undone.
 */
import type { Assessment, Peer, Shard } from '../assess/assessment.js';
import { podAt, volumeAt, type Observation, type ObservedPod, type ObservedVolume } from '../observe/observation.js';
import { podName } from '../observe/wanted-cluster.js';
import { proposeEmptying } from './drain-peer.js';
import { recordOf } from './operation-record.js';
import type { Proposal } from './plan.js';
import { blocked, done, take, wait } from './proposal.js';
import { leaversOf, nameOfPeer, wantedSize } from './shard-placement.js';
import { proposeFollowing } from './transfer-watch.js';

const procedure = 'ScaleDown';

/**
 * How long a peer has to be seen without shards. A node that is ours and one of the original are not told apart by
 * what they answer, so this is what the original needs: new collections are still placed on a peer that is emptied.
 */
const emptyForMs = 10_000;
/** An older mark is of an earlier attempt. */
const emptyMarkLastsMs = 120_000;
/** A join that takes longer than this does not succeed any more. */
const joinEndsWithinMs = 120_000;

export function proposeScaleDown(observation: Observation, assessment: Assessment): Proposal {
  const proposal = proposeNext(observation, assessment);
  const { atMs, operation, wanted } = observation;
  const overdue = operation?.type === procedure && atMs - operation.procedureSinceMs > wanted.drain.timeoutMs;
  // It goes on; people are told, who may know why.
  return overdue && proposal.kind === 'wait'
    ? { ...proposal, message: `${proposal.message} (scaling down takes longer than spec.operator.drain.timeout)` }
    : proposal;
}

function proposeNext(observation: Observation, assessment: Assessment): Proposal {
  const { set } = observation;
  if (assessment.claim.kind !== 'claimed' || set === null) return done;
  const leaver = leaversOf(observation, assessment)[0];
  const leftover = proposeVolumeRemoval(observation, assessment, set.replicas);
  if (leftover.kind !== 'done') return leftover;
  if (leaver === undefined && set.replicas <= wantedSize(observation)) return done;
  if (!assessment.quorum.available) {
    const message = `Scaling down needs the quorum. ${assessment.quorum.why}`;
    return assessment.quorum.settling ? wait(procedure, message) : blocked(procedure, 'QuorumLost', message);
  }
  const top = set.replicas - 1;
  return leaver === undefined || leaver.ordinal < top
    ? proposeShrink(observation, assessment, top)
    : proposeRemoval(observation, assessment, leaver);
}

/** Takes a member out of the cluster. */
function proposeRemoval(
  observation: Observation,
  assessment: Assessment,
  leaver: Peer & { readonly ordinal: number },
): Proposal {
  const { shardMap } = assessment;
  if (shardMap.kind === 'unknown') {
    return blocked(
      procedure,
      'ViewIncomplete',
      `Which shards ${nameOfPeer(observation, leaver)} has is not certain. ${shardMap.why}`,
    );
  }
  const forbidden = replicaLoss(observation, shardMap.shards) ?? quorumLoss(observation, assessment, leaver);
  if (forbidden !== null) return forbidden;
  if (shardMap.resharding) return wait(procedure, 'Scaling down waits until a resharding has ended', 5000);

  const transfer = shardMap.transfers.find(({ from, to }) => from === leaver.id || to === leaver.id);
  if (transfer !== undefined) return proposeFollowing(observation, procedure, transfer);
  const held = shardMap.shards.filter(({ replicas }) => replicas.some(({ peer }) => peer === leaver.id));
  if (held.length > 0) return proposeEmptying(observation, assessment, leaver, held.length);
  if (ownViewNamesShards(observation, leaver)) {
    const message = `${nameOfPeer(observation, leaver)} has shards by its own view, and none by that of the others`;
    return blocked(procedure, 'ViewIncomplete', message);
  }
  return proposeLeave(observation, assessment, leaver);
}

/** The peer is empty: once it has been so for long enough, and gets no requests, it leaves. */
function proposeLeave(
  observation: Observation,
  assessment: Assessment,
  leaver: Peer & { readonly ordinal: number },
): Proposal {
  const pod = podAt(observation, leaver.ordinal);
  if (pod?.serving === true && !pod.deleting) {
    return take(procedure, { kind: 'set-serving', pod: { name: pod.name, uid: pod.uid }, serving: false });
  }
  const { atMs, operation } = observation;
  const marked = operation?.type === procedure && operation.step === 'confirm-empty' && operation.target === leaver.id;
  const emptySinceMs = marked ? operation.startedAtMs : atMs;
  const valid = marked && emptySinceMs <= atMs && atMs - emptySinceMs <= emptyMarkLastsMs;
  if (!valid || atMs - emptySinceMs < emptyForMs) {
    const message = `${nameOfPeer(observation, leaver)} is empty, and leaves when it stays so for ${emptyForMs / 1000} s`;
    const begun = recordOf(observation, { procedure, step: 'confirm-empty', target: leaver.id, message });
    const afterMs = valid ? Math.min(1000, emptyForMs - (atMs - emptySinceMs)) : 1000;
    return { kind: 'wait', procedure, message, afterMs, operation: valid ? operation : begun };
  }
  const leads = assessment.leader === leaver.id ? '; it leads, so the others elect a leader' : '';
  const why = `${wantedSize(observation)} peers are wanted, and ${podName(observation.wanted, leaver.ordinal)} is empty${leads}`;
  return take(procedure, { kind: 'remove-peer', peer: leaver.id, force: false, why });
}

/** The last pod of the set is of no member: it never joined, or has left. */
function proposeShrink(observation: Observation, assessment: Assessment, top: number): Proposal {
  const pod = podAt(observation, top);
  const joining = pod !== undefined && assessment.joiningPods.some(({ uid }) => uid === pod.uid);
  if (joining && pod.running && pod.waiting === null) {
    const going = awaitJoin(observation, pod);
    if (going !== null) return going;
  }
  const volume = volumeAt(observation, top);
  if (volume !== undefined && !volume.detached && !volume.deleting && mayDetach(observation, assessment, volume, pod)) {
    return take(procedure, { kind: 'detach-volume', volume: { name: volume.name, uid: volume.uid } });
  }
  const last = podName(observation.wanted, top);
  const why = `${last} has no peer, and ${wantedSize(observation)} are wanted`;
  return take(procedure, { kind: 'shrink', to: top, why });
}

/** Stopped in the middle it might become a voter that never answers; so it joins first, and leaves as a member. */
function awaitJoin(observation: Observation, pod: ObservedPod): Proposal | null {
  const message = `${pod.name} is still joining, and leaves after that`;
  const before = observation.operation;
  const begun = recordOf(observation, { procedure, step: 'await-join', target: pod.name, message });
  const same = before?.type === procedure && before.step === begun.step && before.target === begun.target;
  const record = same && before.startedAtMs <= observation.atMs ? before : begun;
  if (observation.atMs - record.startedAtMs >= joinEndsWithinMs) return null;
  return { kind: 'wait', procedure, message, afterMs: 1000, operation: record };
}

/**
 * Before the pod goes, since what was on the volume is known as long as the pod is there, and a size that is raised
 * right after must not start it again. A volume on which no peer ever was is kept for the next pod where volumes are
 * retained, and marked only to be deleted.
 */
function mayDetach(
  observation: Observation,
  assessment: Assessment,
  volume: ObservedVolume,
  pod: ObservedPod | undefined,
): boolean {
  if (assessment.peers.some(({ id }) => id === volume.peer)) return false;
  const stranger = assessment.strangers.some((candidate) => candidate.pod.uid === pod?.uid);
  const unused = pod?.disk.kind === 'empty' || !volume.bound;
  return volume.peer !== null || stranger || (unused && observation.wanted.volumesWhenScaled === 'Delete');
}

/** Volumes above the set whose peers have left, once their pods are gone. */
function proposeVolumeRemoval(observation: Observation, assessment: Assessment, replicas: number): Proposal {
  const { pods, volumes, wanted } = observation;
  if (wanted.volumesWhenScaled !== 'Delete' || !assessment.quorum.available) return done;
  const isFree = ({ ordinal, peer }: ObservedVolume): boolean =>
    ordinal >= replicas &&
    pods.every((pod) => pod.ordinal !== ordinal) &&
    assessment.peers.every((member) => member.ordinal !== ordinal && member.id !== peer);
  const next = volumes.find((volume) => volume.detached && !volume.deleting && isFree(volume));
  if (next === undefined) return done;
  const why = 'its peer has left the cluster, and spec.operator.persistentVolumeClaimRetention.whenScaled is Delete';
  return take(procedure, { kind: 'delete-volume', volume: { name: next.name, uid: next.uid }, why });
}

/** The new size has to hold every replication factor, or shards would have fewer replicas than was asked for. */
function replicaLoss(observation: Observation, shards: readonly Shard[]): Proposal | null {
  const size = wantedSize(observation);
  const widest = shards.reduce<Shard | null>(
    (most, shard) => (shard.replicationFactor > (most?.replicationFactor ?? 0) ? shard : most),
    null,
  );
  if (!observation.wanted.drain.forbidReplicaLoss || widest === null || widest.replicationFactor <= size) return null;
  return blocked(
    procedure,
    'ReplicaLossForbidden',
    `${size === 1 ? '1 peer is' : `${size} peers are`} wanted, but collection ${widest.collection} has a replication factor of ${widest.replicationFactor}. Raise spec.size to that, lower the factor, or set spec.operator.drain.forbidReplicaLoss: false`,
  );
}

/** Without the leaver the others have to be able to decide on their own: of two peers that is the one that stays. */
function quorumLoss(observation: Observation, assessment: Assessment, leaver: Peer): Proposal | null {
  const others = assessment.peers.filter(({ id, voter }) => id !== leaver.id && voter !== false);
  const answering = others.filter(({ pod, consensusWorks }) => pod !== null && consensusWorks === true);
  if (answering.length > others.length / 2) return null;
  const silent = others.filter((peer) => !answering.includes(peer)).map((peer) => nameOfPeer(observation, peer));
  return blocked(
    procedure,
    'QuorumLost',
    `Without ${nameOfPeer(observation, leaver)} only ${answering.length} of ${others.length} voters would answer. Bring back ${silent.join(', ')} first`,
  );
}

/** The map is that of a majority, and may be a moment behind the peer itself. */
function ownViewNamesShards(observation: Observation, { id }: Peer): boolean {
  return observation.views.some(
    (view) =>
      view.kind === 'answered' &&
      view.cluster.peerId === id &&
      (view.collections ?? []).some(({ replicas }) => replicas.some(({ peer }) => peer === id)),
  );
}
