/** One node, for tools that have to speak to a certain one. */
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata, selectorLabels } from './labels.js';
import { podName } from './names.js';
import { clientPorts } from './node-ports.js';

export function nodeService(base: ClusterBase, ordinal: number): Manifest {
  const name = podName(base.names, ordinal);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(base, name),
    spec: {
      type: 'ClusterIP',
      ipFamilyPolicy: 'PreferDualStack',
      selector: { ...selectorLabels(base), 'statefulset.kubernetes.io/pod-name': name },
      ports: clientPorts,
    },
  };
}
