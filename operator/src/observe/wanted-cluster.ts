/** What the spec and the annotations of a QdrantCluster ask of peers and shards, defaults filled in. */
import type { ClusterSpec } from '../api/cluster-spec.js';
import { parseDurationMs } from '../api/duration.js';
import type { GroupNames } from '../api/group.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { specDefaults } from '../api/spec-defaults.js';
import { objectNames } from '../build/names.js';
import { peersUseTls } from '../build/settings-config-map.js';
import { peerIdPattern, type PeerId } from '../qdrant/qdrant-api.js';

export interface WantedCluster {
  readonly namespace: string;
  readonly name: string;
  readonly size: number;
  /** By whom and why; no step is taken while there is one. */
  readonly pause: string | null;
  /** False: shards stay where they are, unless their node goes. */
  readonly rebalance: boolean;
  /** False: no shard is ever moved by the operator; a scale-down of nodes with shards is blocked. */
  readonly movesShards: boolean;
  readonly drain: { readonly timeoutMs: number; readonly forbidReplicaLoss: boolean };
  readonly deadPeer: { readonly detectAfterMs: number; readonly recover: boolean };
  readonly volumesWhenScaled: 'Delete' | 'Retain';
  /** What a person agreed to, by annotation. */
  readonly consent: {
    /** The peer whose last replicas may be lost. */
    readonly dataLossOf: PeerId | null;
    /** The first peer of the cluster that is lost, when a new one may begin on new volumes. */
    readonly newClusterAfter: PeerId | null;
  };
  /** Addresses between peers: `<scheme>://<pod>.<headless>:6335`, for ever. */
  readonly peerScheme: 'http' | 'https';
  readonly headlessService: string;
  /** Name of the set; pods are `<set>-<ordinal>`. */
  readonly setName: string;
}

export function podName(wanted: WantedCluster, ordinal: number): string {
  return `${wanted.setName}-${ordinal}`;
}

export function peerUri(wanted: WantedCluster, ordinal: number): string {
  return `${wanted.peerScheme}://${podName(wanted, ordinal)}.${wanted.headlessService}:6335`;
}

/** `problems` are sentences for the person who wrote what is ignored. */
export interface ParsedWants {
  readonly wanted: WantedCluster;
  readonly problems: readonly string[];
}

/** Never throws: what cannot be understood counts as not given. */
export function wantedOf(resource: QdrantClusterResource, group: GroupNames): ParsedWants {
  const { metadata, spec } = resource;
  const names = objectNames(resource);
  const problems: string[] = [];
  const { drain, deadPeer, persistentVolumeClaimRetention: retention } = spec.operator ?? {};
  const defaults = specDefaults.operator;
  const consent = (annotation: string): PeerId | null => {
    const text = metadata.annotations?.[annotation];
    if (text === undefined) return null;
    if (peerIdPattern.test(text)) return text;
    problems.push(`The annotation ${annotation} names no peer: it takes the digits of a peer id.`);
    return null;
  };
  const durationMs = (field: string, given: string | undefined, fallback: string): number => {
    const parsed = given === undefined ? null : parseDurationMs(given);
    if (given !== undefined && parsed === null) problems.push(`${field} is no duration such as 90s, 6m or 1h30m.`);
    return parsed ?? parseDurationMs(fallback) ?? 0;
  };
  const movesShards = spec.clusterManager ?? specDefaults.clusterManager;
  const wanted: WantedCluster = {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    size: spec.size,
    pause: pauseOf(spec),
    rebalance: movesShards && (spec.rebalanceStrategy ?? specDefaults.rebalanceStrategy) !== 'disabled',
    movesShards,
    drain: {
      timeoutMs: durationMs('spec.operator.drain.timeout', drain?.timeout, defaults.drain.timeout),
      forbidReplicaLoss: drain?.forbidReplicaLoss ?? defaults.drain.forbidReplicaLoss,
    },
    deadPeer: {
      detectAfterMs: durationMs(
        'spec.operator.deadPeer.detectAfter',
        deadPeer?.detectAfter,
        defaults.deadPeer.detectAfter,
      ),
      recover: (deadPeer?.action ?? defaults.deadPeer.action) === 'Recover',
    },
    volumesWhenScaled: retention?.whenScaled ?? defaults.persistentVolumeClaimRetention.whenScaled,
    consent: {
      dataLossOf: consent(group.annotations.acceptDataLoss),
      newClusterAfter: consent(group.annotations.rebootstrap),
    },
    peerScheme: peersUseTls(spec) ? 'https' : 'http',
    headlessService: names.headlessService,
    setName: names.set,
  };
  return { wanted, problems };
}

const pauseMaxChars = 300;

function pauseOf({ pauses }: ClusterSpec): string | null {
  const first = pauses?.[0];
  if (first === undefined) return null;
  const more = (pauses?.length ?? 0) > 1 ? `, and ${(pauses?.length ?? 0) - 1} more` : '';
  const why = first.reason === undefined ? '' : `: ${first.reason.slice(0, pauseMaxChars)}`;
  return `by ${(first.owner ?? 'somebody').slice(0, pauseMaxChars)}${why}${more}`;
}
