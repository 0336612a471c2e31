/** Looks at one cluster: at its objects, as the caches have them, and at every node's own view, all at once. */
import { setMaxListeners } from 'node:events';
import type { V1ConfigMap, V1Node, V1PersistentVolumeClaim, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import type { GroupNames } from '../api/group.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { parseBootstrapRecord } from '../build/bootstrap-record.js';
import { objectNames, type ObjectNames } from '../build/names.js';
import type { Clock } from '../clock.js';
import { QdrantError, type QdrantNodes } from '../qdrant/qdrant-api.js';
import { endpointOfPod, type NodeAccess } from './endpoint-of-pod.js';
import type { NodeView, Observation, ObservedPod, ObservedSet } from './observation.js';
import { observedPod } from './observed-pod.js';
import { observedVolume } from './observed-volume.js';
import { claimInStatus, operationInStatus } from './status-facts.js';
import { viewOfNode } from './view-of-node.js';
import { wantedOf } from './wanted-cluster.js';

/** The objects of one cluster, selected by their labels; what does not belong to its set is left out here. */
export interface ClusterObjects {
  readonly resource: QdrantClusterResource;
  readonly set: V1StatefulSet | null;
  readonly pods: readonly V1Pod[];
  readonly volumes: readonly V1PersistentVolumeClaim[];
  /** The ConfigMap that says that the cluster was begun. */
  readonly record: V1ConfigMap | null;
  /** Kubernetes' nodes by name. */
  readonly nodes: ReadonlyMap<string, V1Node>;
}

export interface ObserveOptions {
  readonly nodes: QdrantNodes;
  readonly access: NodeAccess;
  readonly group: GroupNames;
  readonly clock: Clock;
  /** Ends the pass. */
  readonly signal?: AbortSignal;
}

export interface Observed {
  readonly observation: Observation;
  /** Of annotations that say nothing, for the person who wrote them. */
  readonly problems: readonly string[];
}

/** For all nodes together; what was not answered by then is an incomplete view. */
const budgetMs = 10_000;

export async function observe(objects: ClusterObjects, options: ObserveOptions): Promise<Observed> {
  const { resource, set, record } = objects;
  const { group, clock } = options;
  // Before the nodes are asked: what is concluded from their answers is never taken for newer than it is.
  const atMs = clock.nowMs();
  const names = objectNames(resource);
  const { wanted, problems } = wantedOf(resource, group);
  const pods = objects.pods
    .map((pod) => observedPod(pod, { names, group, nodes: objects.nodes }))
    .filter((pod) => pod !== null)
    .sort((a, b) => a.ordinal - b.ordinal);
  const volumes = objects.volumes
    .map((claim) => observedVolume(claim, { names, group }))
    .filter((volume) => volume !== null)
    .sort((a, b) => a.ordinal - b.ordinal);
  const views = await viewsOf(pods, names, wanted.namespace, options);
  const observation: Observation = {
    atMs,
    wanted,
    claimInStatus: claimInStatus(resource.status),
    claimInRecord: record === null ? null : parseBootstrapRecord(record),
    set: set === null ? null : observedSet(set),
    ...{ pods, volumes, views },
    operation: operationInStatus(resource.status),
  };
  return { observation, problems };
}

function observedSet({ metadata, spec, status }: V1StatefulSet): ObservedSet | null {
  if (metadata?.uid === undefined) return null;
  // Kubernetes' own default where nobody said how many.
  return { uid: metadata.uid, replicas: spec?.replicas ?? 1, updateRevision: status?.updateRevision ?? null };
}

async function viewsOf(
  pods: readonly ObservedPod[],
  names: ObjectNames,
  namespace: string,
  { nodes, access, clock, signal }: ObserveOptions,
): Promise<NodeView[]> {
  signal?.throwIfAborted();
  const end = new AbortController();
  // Every call to every node listens to it until it is answered; Node.js takes more than ten for a leak.
  setMaxListeners(0, end.signal);
  const stop = (): void => end.abort();
  signal?.addEventListener('abort', stop, { once: true });
  const late = new Promise<never>((_, reject) => {
    const why = (): void => reject(new QdrantError('timeout', 'The time for looking at the cluster was over'));
    end.signal.addEventListener('abort', why, { once: true });
  });
  // Nobody may be waiting for it when it comes.
  late.catch(() => undefined);
  clock.sleep(budgetMs, end.signal).then(stop, () => undefined);
  try {
    const inTime = <T>(call: Promise<T>): Promise<T> => Promise.race([call, late]);
    const view = (pod: ObservedPod, ip: string): Promise<NodeView> => {
      const endpoint = endpointOfPod({ name: pod.name, uid: pod.uid, ip }, { names, namespace, access });
      return viewOfNode({ pod: pod.name, podUid: pod.uid }, nodes.at(endpoint, end.signal), inTime);
    };
    const all = await Promise.all(
      pods.flatMap((pod) => {
        if (pod.ip === null) return [];
        return [pod.running ? view(pod, pod.ip) : Promise.resolve(notRunning(pod))];
      }),
    );
    signal?.throwIfAborted();
    return all;
  } finally {
    end.abort();
    signal?.removeEventListener('abort', stop);
  }
}

function notRunning({ name, uid }: ObservedPod): NodeView {
  return { kind: 'unreachable', pod: name, podUid: uid, why: 'Its container does not run', accessRefused: false };
}
