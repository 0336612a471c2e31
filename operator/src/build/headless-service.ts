/** Gives each pod the name by which its peer is known. */
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata, selectorLabels } from './labels.js';
import { allPorts } from './node-ports.js';

export function headlessService(base: ClusterBase): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(base, base.names.headlessService),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      ipFamilyPolicy: 'PreferDualStack',
      // Peers have to find each other before they are ready: a quorum is what makes them so.
      publishNotReadyAddresses: true,
      selector: { ...selectorLabels(base) },
      ports: allPorts,
    },
  };
}
