/** What the operator needs of the world: real in the process, simulated on a virtual clock in tests. */
import type { Logger } from 'pino';
import type { ApiGroup } from '../api/group.js';
import type { Clock } from '../clock.js';
import type { KubernetesApi } from '../k8s/kubernetes-api.js';
import type { QdrantNodes } from '../qdrant/qdrant-api.js';

export interface OperatorDependencies {
  readonly kubernetes: KubernetesApi;
  readonly nodes: QdrantNodes;
  readonly clock: Clock;
  /** From 0 to below 1. For jitter only. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** What one operator process is told, by its command line. */
export interface OperatorSettings {
  /** Name of this process in the Lease, as the pod's. */
  readonly identity: string;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  /** API group of the resource, without version. */
  readonly group: ApiGroup;
  /** Repository of the data nodes' image where a spec names none; the tag is the version. */
  readonly nodeImage: string;
  readonly leaseNamespace: string;
  /** Passes of different clusters that run side by side. */
  readonly concurrency: number;
}
