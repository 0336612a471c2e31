/**
 * Specs that are refused, and what is said about them. The operator's own check is held to this table by unit tests,
 * the API server by those that have one.
 */
import type { ApiGroup } from '../../src/api/group.js';

/** A QdrantCluster as it comes out of a file. */
export interface WrittenCluster {
  readonly apiVersion: string;
  readonly kind: 'QdrantCluster';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface RefusedSpec {
  readonly name: string;
  /** Of the resource. */
  readonly resource?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What both say, or what each of them says. */
  readonly says: string | { readonly operator: string; readonly apiServer: string };
}

export interface RefusedChange {
  readonly name: string;
  readonly from: Readonly<Record<string, unknown>>;
  readonly to: Readonly<Record<string, unknown>>;
  readonly says: string;
}

export function written(group: ApiGroup, name: string, spec: Readonly<Record<string, unknown>>): WrittenCluster {
  return { apiVersion: `${group}/v1`, kind: 'QdrantCluster', metadata: { name }, spec };
}

const base = { version: 'v1.19.0', size: 3 };
const secret = (name: string) => ({ secretKeyRef: { name, key: 'value' } });
const tls = { cert: secret('tls'), key: secret('tls') };

export const refusedSpecs: readonly RefusedSpec[] = [
  {
    name: 'no version',
    spec: { size: 3 },
    says: { operator: 'spec.version: ', apiServer: 'spec.version: Required value' },
  },
  {
    name: 'no size',
    spec: { version: 'v1.19.0' },
    says: { operator: 'spec.size: ', apiServer: 'spec.size: Required value' },
  },
  {
    name: 'no nodes at all',
    spec: { ...base, size: 0 },
    says: { operator: 'spec.size: ', apiServer: 'should be greater than or equal to 1' },
  },
  {
    name: 'more nodes than a cluster can have',
    spec: { ...base, size: 101 },
    says: { operator: 'spec.size: ', apiServer: 'should be less than or equal to 100' },
  },
  {
    name: 'half a node',
    spec: { ...base, size: 1.5 },
    says: { operator: 'spec.size: ', apiServer: 'spec.size' },
  },
  { name: 'a tag that is no version', spec: { ...base, version: 'latest' }, says: 'must be a release such as v1.19.0' },
  { name: 'a version without patch', spec: { ...base, version: 'v1.19' }, says: 'must be a release such as v1.19.0' },
  { name: 'an id with capitals', spec: { ...base, id: 'Documents' }, says: 'set spec.id, or choose such a name' },
  { name: 'an id that is too long', spec: { ...base, id: 'a'.repeat(46) }, says: 'must be at most 45' },
  {
    name: 'a name that is too long for a label',
    resource: 'a'.repeat(64),
    spec: { ...base, id: 'a' },
    says: 'metadata.name must have at most 63 characters',
  },
  { name: 'a name with dots', resource: 'a.b', spec: base, says: 'set spec.id, or choose such a name' },
  {
    name: 'a quantity that is none',
    spec: { ...base, resources: { memory: '4 GB' } },
    says: 'spec.resources.memory must be a quantity above zero, such as 4Gi',
  },
  {
    name: 'no processor time',
    spec: { ...base, resources: { cpu: '0' } },
    says: 'spec.resources.cpu must be a quantity above zero',
  },
  {
    name: 'a volume of negative size',
    spec: { ...base, resources: { storage: '-1Gi' } },
    says: 'spec.resources.storage must be a quantity above zero',
  },
  {
    name: 'a request that is no quantity',
    spec: { ...base, resources: { requests: { cpu: 'two' } } },
    says: 'spec.resources.requests.cpu must be a quantity above zero',
  },
  {
    name: 'a request above the limit',
    spec: { ...base, resources: { cpu: '1500m', requests: { cpu: '2' } } },
    says: 'lower the request or raise the limit',
  },
  {
    name: 'memory requested above the limit',
    spec: { ...base, resources: { memory: '1Gi', requests: { memory: '1100M' } } },
    says: 'spec.resources.requests.memory is above spec.resources.memory',
  },
  {
    name: 'a certificate without key',
    spec: { ...base, config: { tls: { cert: secret('tls') } } },
    says: 'needs cert and key together',
  },
  {
    name: 'an authority without certificate',
    spec: { ...base, config: { tls: { caCert: secret('ca') } } },
    says: 'needs cert and key together',
  },
  {
    name: 'TLS without certificate',
    spec: { ...base, config: { service: { enable_tls: true } } },
    says: 'enable_tls needs a certificate',
  },
  {
    name: 'a key for reading only',
    spec: { ...base, config: { service: { read_only_api_key: secret('keys') } } },
    says: 'read_only_api_key needs spec.config.service.api_key',
  },
  {
    name: 'a secret without name',
    spec: { ...base, config: { service: { api_key: { secretKeyRef: { key: 'value' } } } } },
    says: { operator: 'spec.config.service.api_key.secretKeyRef.name', apiServer: 'secretKeyRef.name: Required value' },
  },
  {
    name: 'both limits of a disruption budget',
    spec: { ...base, podDisruptionBudget: { minAvailable: 2, maxUnavailable: '25%' } },
    says: 'minAvailable or maxUnavailable, not both',
  },
  {
    name: 'source ranges without load balancer',
    spec: { ...base, service: { loadBalancerSourceRanges: ['10.0.0.0/8'] } },
    says: 'needs spec.service.type LoadBalancer',
  },
  {
    name: 'iops without throughput',
    spec: { ...base, storage: { iops: 3000 } },
    says: 'or iops and throughput together',
  },
  {
    name: 'iops and a class',
    spec: { ...base, storage: { iops: 3000, throughput: 125, volumeAttributesClassName: 'fast' } },
    says: 'or iops and throughput together',
  },
  {
    name: 'a number for a duration',
    spec: { ...base, operator: { drain: { timeout: '60' } } },
    says: 'spec.operator.drain.timeout must be a duration such as 90s',
  },
  {
    name: 'a duration in days',
    spec: { ...base, operator: { deadPeer: { detectAfter: '1d' } } },
    says: 'spec.operator.deadPeer.detectAfter must be a duration such as 90s',
  },
  {
    name: 'a strategy that nobody knows',
    spec: { ...base, rebalanceStrategy: 'by_luck' },
    says: { operator: 'spec.rebalanceStrategy: ', apiServer: 'supported values: "by_count"' },
  },
  {
    name: 'an action that nobody knows',
    spec: { ...base, operator: { deadPeer: { action: 'Delete' } } },
    says: { operator: 'spec.operator.deadPeer.action: ', apiServer: 'supported values: "Recover", "Manual"' },
  },
  {
    name: 'a volume without name',
    spec: { ...base, storage: { additionalVolumes: [{ emptyDir: {} }] } },
    says: { operator: 'must have name', apiServer: 'additionalVolumes[0].name: Required value' },
  },
  {
    name: 'text where a list is meant',
    spec: { ...base, tolerations: 'all' },
    says: { operator: 'spec.tolerations: ', apiServer: 'spec.tolerations' },
  },
];

export const refusedChanges: readonly RefusedChange[] = [
  { name: 'another id', from: { ...base, id: 'a' }, to: { ...base, id: 'b' }, says: 'spec.id cannot change' },
  { name: 'an id that was not there', from: base, to: { ...base, id: 'other' }, says: 'spec.id cannot change' },
  {
    name: 'a smaller volume',
    from: { ...base, resources: { storage: '20Gi' } },
    to: { ...base, resources: { storage: '20G' } },
    says: 'spec.resources.storage cannot shrink',
  },
  {
    name: 'another storage class',
    from: { ...base, storageClassNames: { db: 'fast' } },
    to: { ...base, storageClassNames: { db: 'slow' } },
    says: 'spec.storageClassNames cannot change',
  },
  {
    name: 'a class for snapshots that was not there',
    from: base,
    to: { ...base, storageClassNames: { snapshots: 'slow' } },
    says: 'spec.storageClassNames cannot change',
  },
  {
    name: 'TLS between peers that was not there',
    from: { ...base, config: { tls } },
    to: { ...base, config: { tls: { ...tls, caCert: secret('ca') } } },
    says: 'caCert cannot be added or taken away',
  },
  {
    name: 'TLS between peers taken away',
    from: { ...base, config: { tls: { ...tls, caCert: secret('ca') } } },
    to: base,
    says: 'caCert cannot be added or taken away',
  },
];

export interface AcceptedChange {
  readonly name: string;
  readonly from: Readonly<Record<string, unknown>>;
  readonly to: Readonly<Record<string, unknown>>;
}

/** What looks like one of the changes above, and is allowed. */
export const acceptedChanges: readonly AcceptedChange[] = [
  { name: 'more nodes', from: base, to: { ...base, size: 5 } },
  { name: 'an older version, which takes a change back', from: base, to: { ...base, version: 'v1.18.2' } },
  {
    name: 'a larger volume',
    from: { ...base, resources: { storage: '1Ti' } },
    to: { ...base, resources: { storage: '1.5Ti' } },
  },
  {
    name: 'the same size in other words',
    from: { ...base, resources: { storage: '1Gi' } },
    to: { ...base, resources: { storage: '1024Mi' } },
  },
  {
    name: 'another authority',
    from: { ...base, config: { tls: { ...tls, caCert: secret('ca') } } },
    to: { ...base, config: { tls: { ...tls, caCert: secret('new-ca') } } },
  },
  { name: 'the id that it has anyway', from: base, to: { ...base, id: 'sample' } },
];
