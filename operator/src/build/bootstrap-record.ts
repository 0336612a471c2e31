/** One of the three witnesses that a cluster was begun. It goes with the resource; the one on the volumes stays. */
import type { V1ConfigMap } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { BootstrapClaim } from '../observe/observation.js';
import { peerIdPattern } from '../qdrant/qdrant-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata } from './labels.js';

export function bootstrapRecord(base: ClusterBase, { peer, ordinal, at }: BootstrapClaim): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(base, base.names.bootstrapRecord),
    data: { peer, ordinal: String(ordinal), at },
  };
}

const recordData = z.object({
  peer: z.string().regex(peerIdPattern),
  ordinal: z
    .string()
    .regex(/^[0-9]{1,6}$/)
    .transform(Number),
  at: z.string().max(64),
});

/** Null when it says nothing that can be understood: the other witnesses count then. */
export function parseBootstrapRecord(record: Pick<V1ConfigMap, 'data'>): BootstrapClaim | null {
  const parsed = recordData.safeParse(record.data);
  return parsed.success ? parsed.data : null;
}
