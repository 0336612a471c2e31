/** Where each kind lives in the API, and which of its fields are times. */
import type { Kind } from './kubernetes-api.js';

/** Of the QdrantCluster, which is served under one of several groups. */
export interface ClusterGroup {
  readonly group: string;
  readonly version: string;
}

export interface KindInfo {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Its status is written apart from the rest, and never by the same call. */
  readonly hasStatus: boolean;
  /** `*` stands for every item of a list. Those of the metadata are the same everywhere. */
  readonly times: readonly (readonly string[])[];
}

const conditions = ['status', 'conditions', '*'];
const containerStates = (list: string): string[][] =>
  ['state', 'lastState'].flatMap((state) => [
    ['status', list, '*', state, 'running', 'startedAt'],
    ['status', list, '*', state, 'terminated', 'startedAt'],
    ['status', list, '*', state, 'terminated', 'finishedAt'],
  ]);

const core = { group: '', version: 'v1', namespaced: true, hasStatus: false, times: [] };
const builtIn: Readonly<Record<Exclude<Kind, 'QdrantCluster'>, KindInfo>> = {
  StatefulSet: {
    ...{ group: 'apps', version: 'v1', plural: 'statefulsets', namespaced: true, hasStatus: true },
    times: [[...conditions, 'lastTransitionTime']],
  },
  Service: { ...core, plural: 'services', hasStatus: true, times: [[...conditions, 'lastTransitionTime']] },
  ConfigMap: { ...core, plural: 'configmaps' },
  Secret: { ...core, plural: 'secrets' },
  PodDisruptionBudget: {
    ...{ group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', namespaced: true, hasStatus: true },
    times: [
      [...conditions, 'lastTransitionTime'],
      ['status', 'disruptedPods', '*'],
    ],
  },
  Pod: {
    ...{ ...core, plural: 'pods', hasStatus: true },
    times: [
      ['status', 'startTime'],
      [...conditions, 'lastTransitionTime'],
      [...conditions, 'lastProbeTime'],
      ...containerStates('containerStatuses'),
      ...containerStates('initContainerStatuses'),
      ...containerStates('ephemeralContainerStatuses'),
    ],
  },
  PersistentVolumeClaim: {
    ...{ ...core, plural: 'persistentvolumeclaims', hasStatus: true },
    times: [
      [...conditions, 'lastTransitionTime'],
      [...conditions, 'lastProbeTime'],
    ],
  },
  Node: {
    ...{ ...core, plural: 'nodes', namespaced: false, hasStatus: true },
    times: [
      [...conditions, 'lastTransitionTime'],
      [...conditions, 'lastHeartbeatTime'],
      ['spec', 'taints', '*', 'timeAdded'],
    ],
  },
  Lease: {
    ...{ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true, hasStatus: false },
    times: [
      ['spec', 'acquireTime'],
      ['spec', 'renewTime'],
    ],
  },
  Event: {
    ...{ group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true, hasStatus: false },
    times: [['eventTime'], ['series', 'lastObservedTime'], ['deprecatedFirstTimestamp'], ['deprecatedLastTimestamp']],
  },
};

export function kindInfo(kind: Kind, cluster: ClusterGroup): KindInfo {
  if (kind !== 'QdrantCluster') return builtIn[kind];
  // Times of a custom resource stay the strings that its schema says they are.
  return { ...cluster, plural: 'qdrantclusters', namespaced: true, hasStatus: true, times: [] };
}

export function apiVersionOf(info: KindInfo): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`;
}
