/** The QdrantCluster resource. */
import type { V1ObjectMeta } from '@kubernetes/client-node';

export interface QdrantClusterResource {
  readonly apiVersion: string;
  readonly kind: 'QdrantCluster';
  readonly metadata: V1ObjectMeta;
  readonly spec: { readonly version: string; readonly size: number };
  readonly status?: Readonly<Record<string, unknown>>;
}
