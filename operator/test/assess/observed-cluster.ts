/** Observations as tests want them: a cluster where all is well, and what can be changed in it. */
import type {
  BootstrapClaim,
  NodeView,
  Observation,
  ObservedPod,
  ObservedVolume,
} from '../../src/observe/observation.js';
import { peerUri, podName, type WantedCluster } from '../../src/observe/wanted-cluster.js';
import type { CollectionView, PeerId, RaftView, ReplicaState, TransferView } from '../../src/qdrant/qdrant-api.js';

export type Answer = Extract<NodeView, { kind: 'answered' }>;

export interface ShardSketch {
  readonly collection: string;
  readonly shard: number;
  readonly factor?: number;
  /** Peers, with the state where that is not Active. */
  readonly on: readonly (PeerId | readonly [PeerId, ReplicaState])[];
}

export const startMs = Date.UTC(2026, 10, 21, 12);

/** The peer of an ordinal as long as nothing happened to it. */
export function peerAt(ordinal: number): PeerId {
  return String(9_007_199_254_740_993n + BigInt(ordinal));
}

export function wantedCluster(size: number): WantedCluster {
  return {
    namespace: 'shop',
    name: 'qdrant-a',
    size,
    pause: null,
    rebalance: true,
    movesShards: true,
    drain: { timeoutMs: 3_600_000, forbidReplicaLoss: true },
    deadPeer: { detectAfterMs: 360_000, recover: true },
    volumesWhenScaled: 'Delete',
    consent: { dataLossOf: null, newClusterAfter: null },
    peerScheme: 'http',
    headlessService: 'qdrant-headless-a',
    setName: 'qdrant-a',
  };
}

export const firstClaim: BootstrapClaim = { peer: peerAt(0), ordinal: 0, at: '2026-11-01T00:00:00.000Z' };

/** Nothing of the cluster exists. */
export function nothing(size: number): Observation {
  return {
    atMs: startMs,
    wanted: wantedCluster(size),
    claimInStatus: null,
    claimInRecord: null,
    set: null,
    pods: [],
    volumes: [],
    views: [],
    operation: null,
  };
}

/** All pods are voters, the first leads, every witness is written. */
export function healthy(size: number): Observation {
  const ordinals = Array.from({ length: size }, (_, ordinal) => ordinal);
  const wanted = wantedCluster(size);
  const members = new Map(ordinals.map((ordinal) => [peerAt(ordinal), peerUri(wanted, ordinal)]));
  return {
    ...nothing(size),
    claimInStatus: firstClaim,
    claimInRecord: firstClaim,
    set: { uid: 'set', replicas: size, updateRevision: 'r1' },
    pods: ordinals.map((ordinal) => runningPod(ordinal)),
    volumes: ordinals.map((ordinal) => volumeOf(ordinal)),
    views: ordinals.map((ordinal) => answerOf(ordinal, peerAt(ordinal), members)),
  };
}

export function runningPod(ordinal: number): ObservedPod {
  const name = podName(wantedCluster(1), ordinal);
  return {
    name,
    ordinal,
    uid: `${name}/1`,
    resourceVersion: '1',
    ip: `10.0.0.${ordinal + 1}`,
    ready: true,
    deleting: false,
    running: true,
    disk: { kind: 'peer', peer: peerAt(ordinal) },
    grant: null,
    serving: true,
    revision: 'r1',
    kubernetesNode: `node-${ordinal}`,
    kubernetesNodeReady: true,
    zone: null,
    createdAtMs: startMs - 3_600_000,
    notReadySinceMs: null,
    restarts: 0,
    waiting: null,
  };
}

/** As one that has an empty volume and waits for its grant. */
export function waitingPod(ordinal: number, uid = `${podName(wantedCluster(1), ordinal)}/2`): ObservedPod {
  return { ...runningPod(ordinal), uid, ready: false, disk: { kind: 'empty' }, notReadySinceMs: startMs - 1000 };
}

export function volumeOf(ordinal: number, change: Partial<ObservedVolume> = {}): ObservedVolume {
  const name = `qdrant-storage-qdrant-a-${ordinal}`;
  return {
    name,
    ordinal,
    uid: `${name}/1`,
    resourceVersion: '1',
    bound: true,
    lost: false,
    deleting: false,
    capacity: '10Gi',
    bootstrapPeer: peerAt(0),
    peer: peerAt(ordinal),
    detached: false,
    ...change,
  };
}

export function emptyVolume(ordinal: number): ObservedVolume {
  return volumeOf(ordinal, { uid: `volume-${ordinal}/2`, bootstrapPeer: null, peer: null });
}

export function answerOf(
  ordinal: number,
  peer: PeerId,
  members: ReadonlyMap<PeerId, string>,
  raft: Partial<RaftView> = {},
): Answer {
  const pod = runningPod(ordinal);
  return {
    kind: 'answered',
    pod: pod.name,
    podUid: pod.uid,
    ready: true,
    version: '1.19.0',
    cluster: {
      peerId: peer,
      peers: members,
      raft: {
        term: 3,
        commit: 40,
        pendingOperations: 0,
        leader: peerAt(0),
        isVoter: true,
        consensusWorks: true,
        ...raft,
      },
      sendFailures: new Set(),
    },
    collections: [],
  };
}

export function members(...ordinals: readonly number[]): ReadonlyMap<PeerId, string> {
  return new Map(ordinals.map((ordinal) => [peerAt(ordinal), peerUri(wantedCluster(1), ordinal)]));
}

export function wanting(observation: Observation, change: Partial<WantedCluster>): Observation {
  return { ...observation, wanted: { ...observation.wanted, ...change } };
}

export function withPod(observation: Observation, ordinal: number, change: Partial<ObservedPod>): Observation {
  const pods = observation.pods.map((pod) => (pod.ordinal === ordinal ? { ...pod, ...change } : pod));
  return { ...observation, pods };
}

export function withVolume(observation: Observation, ordinal: number, change: Partial<ObservedVolume>): Observation {
  const volumes = observation.volumes.map((volume) => (volume.ordinal === ordinal ? { ...volume, ...change } : volume));
  return { ...observation, volumes };
}

export function withRaft(observation: Observation, ordinal: number, change: Partial<RaftView>): Observation {
  return mapAnswers(observation, (answer) =>
    answer.pod === podName(observation.wanted, ordinal)
      ? { ...answer, cluster: { ...answer.cluster, raft: { ...answer.cluster.raft, ...change } } }
      : answer,
  );
}

/** The node's own list of the members. */
export function withMembers(
  observation: Observation,
  ordinal: number,
  peers: ReadonlyMap<PeerId, string>,
): Observation {
  return mapAnswers(observation, (answer) =>
    answer.pod === podName(observation.wanted, ordinal) ? { ...answer, cluster: { ...answer.cluster, peers } } : answer,
  );
}

/** The pod runs, and its node does not answer. */
export function silent(observation: Observation, ...ordinals: readonly number[]): Observation {
  const names = new Set(ordinals.map((ordinal) => podName(observation.wanted, ordinal)));
  const views = observation.views.map((view): NodeView =>
    names.has(view.pod)
      ? { kind: 'unreachable', pod: view.pod, podUid: view.podUid, why: 'timeout', accessRefused: false }
      : view,
  );
  return { ...observation, views };
}

/** Pod and volume were deleted: a new pod came up on a new and empty volume. */
export function volumeLost(observation: Observation, ...ordinals: readonly number[]): Observation {
  const gone = new Set(ordinals);
  const names = new Set(ordinals.map((ordinal) => podName(observation.wanted, ordinal)));
  return {
    ...observation,
    pods: observation.pods.map((pod) => (gone.has(pod.ordinal) ? waitingPod(pod.ordinal) : pod)),
    volumes: observation.volumes.map((volume) => (gone.has(volume.ordinal) ? emptyVolume(volume.ordinal) : volume)),
    views: observation.views.filter((view) => !names.has(view.pod)),
  };
}

/** All nodes that answer name these shards. */
export function withShards(observation: Observation, ...shards: readonly ShardSketch[]): Observation {
  return mapAnswers(observation, (answer) => ({
    ...answer,
    collections: collectionsOf(shards, answer.cluster.peerId),
  }));
}

export function withTransfers(
  observation: Observation,
  collection: string,
  ...transfers: readonly TransferView[]
): Observation {
  return mapAnswers(observation, (answer) => ({
    ...answer,
    collections: (answer.collections ?? []).map((view) => (view.name === collection ? { ...view, transfers } : view)),
  }));
}

export function mapAnswers(observation: Observation, change: (answer: Answer) => Answer): Observation {
  return { ...observation, views: observation.views.map((view) => (view.kind === 'answered' ? change(view) : view)) };
}

export function collectionsOf(shards: readonly ShardSketch[], self: PeerId): readonly CollectionView[] {
  const names = [...new Set(shards.map((shard) => shard.collection))];
  return names.map((name) => {
    const own = shards.filter((shard) => shard.collection === name);
    return {
      name,
      replicationFactor: own[0]?.factor ?? 1,
      replicas: own.flatMap(({ shard, on }) =>
        on.map((entry) => {
          const [peer, state] = typeof entry === 'string' ? [entry, 'Active' as const] : entry;
          return { shard, shardKey: null, peer, state, points: peer === self ? 100 : null };
        }),
      ),
      transfers: [],
      resharding: false,
    };
  });
}
