/** Specs for tests. */
import { clusterSpec, type ClusterSpec } from '../../src/api/cluster-spec.js';

export function specWith(fields: Readonly<Record<string, unknown>>): ClusterSpec {
  return clusterSpec.parse({ version: 'v1.19.0', size: 3, ...fields });
}
