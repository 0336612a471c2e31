/** Where clients connect to. */
import { specDefaults } from '../api/spec-defaults.js';
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata, selectorLabels, userMarks } from './labels.js';
import { clientPorts } from './node-ports.js';

export function clientService(base: ClusterBase): Manifest {
  const service = base.resource.spec.service;
  const ranges = service?.loadBalancerSourceRanges ?? [];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...ownedMetadata(base, base.names.clientService),
      annotations: { ...userMarks(base, service?.annotations) },
    },
    spec: {
      type: service?.type ?? specDefaults.service.type,
      ipFamilyPolicy: 'PreferDualStack',
      // A peer that was removed from its cluster stays ready, and must get no requests.
      selector: { ...selectorLabels(base), [base.group.labels.serving]: 'true' },
      ports: clientPorts,
      ...(ranges.length === 0 ? {} : { loadBalancerSourceRanges: ranges }),
    },
  };
}
