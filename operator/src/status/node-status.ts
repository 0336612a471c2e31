/** The nodes in the status: a few facts of each that change seldom, since a status is read and kept by many. */
import type { NodeStatus } from '../api/cluster-status.js';
import { volumeAt, type NodeView, type ObservedPod } from '../observe/observation.js';
import type { StatusInput } from './status-input.js';

const maxVersionLength = 128;

export function nodesOf(input: StatusInput): Record<string, NodeStatus> {
  const views = new Map(input.observation.views.map((view) => [view.podUid, view]));
  return Object.fromEntries(input.observation.pods.map((pod) => [pod.name, nodeOf(input, pod, views.get(pod.uid))]));
}

/** The lowest that any node runs: an update ends when the last one has it. */
export function versionOf({ observation, previous }: StatusInput): string | undefined {
  const versions = observation.views.flatMap((view) => (view.kind === 'answered' ? [view.version] : []));
  const lowest = versions.toSorted(compareVersions)[0];
  return lowest?.slice(0, maxVersionLength) ?? previous?.version;
}

function nodeOf(
  { observation, assessment, previous }: StatusInput,
  pod: ObservedPod,
  view: NodeView | undefined,
): NodeStatus {
  const volume = volumeAt(observation, pod.ordinal);
  const answered = view?.kind === 'answered' ? view : null;
  const before = previous?.nodes?.[pod.name];
  const peerId = answered?.cluster.peerId ?? volume?.peer ?? null;
  const map = assessment.shardMap;
  const version = answered?.version.slice(0, maxVersionLength) ?? before?.version;
  const shards =
    map.kind === 'unknown' || peerId === null
      ? before?.shards
      : map.shards.filter((shard) => shard.replicas.some((replica) => replica.peer === peerId)).length;
  return {
    name: pod.name,
    ...(peerId === null ? {} : { peerId }),
    ...(version === undefined ? {} : { version }),
    ...(pod.zone === null ? {} : { zone: pod.zone }),
    liveness: answered !== null,
    ready: pod.ready,
    ...(shards === undefined ? {} : { shards }),
    ...(volume === undefined
      ? {}
      : {
          database: {
            phase: volume.lost ? 'Lost' : volume.bound ? 'Bound' : 'Pending',
            ...(volume.capacity === null ? {} : { capacity: volume.capacity.slice(0, 32) }),
          },
        }),
  };
}

/** By the numbers in them; a version of another form comes after, by its letters. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? Infinity) - (right[i] ?? Infinity);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function numbersOf(version: string): readonly number[] {
  const parts = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})/.exec(version);
  return parts === null ? [] : parts.slice(1).map(Number);
}
