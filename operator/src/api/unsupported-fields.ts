/**
 * Fields that a spec sets and this version does not act on, and fields that it does not know. They are kept, and named
 * in the condition UnsupportedField, so that nothing is ignored without a word.
 */
import { z } from 'zod';
import { clusterSpec, type ClusterSpec } from './cluster-spec.js';

interface Inert {
  readonly path: string;
  /** Values that ask for what happens anyway. */
  readonly asksNothing?: readonly unknown[];
  /** What happens instead, where that is not "nothing". */
  readonly instead?: string;
}

/** In the order of the spec. A path stands for all that is below it. */
export const inertFields: readonly Inert[] = [
  { path: 'suspend', asksNothing: [false] },
  { path: 'podDisruptionBudget.selector', instead: 'the budget is for the pods of the cluster' },
  { path: 'config.collection.strict_mode' },
  { path: 'config.service.jwt_rbac', asksNothing: [false], instead: 'access tokens are refused' },
  { path: 'config.service.hide_jwt_dashboard' },
  { path: 'config.storage.performance.async_scorer', asksNothing: [false] },
  { path: 'config.audit', asksNothing: [{ enabled: false }] },
  { path: 'config.inference', asksNothing: [{ enabled: false }] },
  { path: 'ingress', asksNothing: [{ enabled: false }] },
  { path: 'gpu' },
  { path: 'storage.volumeAttributesClassName' },
  { path: 'storage.volumeSnapshotClassName' },
  { path: 'storage.iops' },
  { path: 'storage.throughput' },
  { path: 'restartAllPodsConcurrently', asksNothing: [false] },
  { path: 'onDemandReplication', asksNothing: ['Off'] },
  { path: 'rebalanceStrategy', asksNothing: ['by_count', 'disabled'], instead: 'the others act as by_count' },
  { path: 'readClusters', asksNothing: [[]] },
  { path: 'writeCluster' },
  { path: 'multiAZ', asksNothing: [false] },
  { path: 'operator.drain.maxConcurrentTransfers', asksNothing: [1], instead: 'shards move one at a time' },
  {
    path: 'operator.deadPeer.allowDataLoss',
    asksNothing: [false],
    instead: 'the annotation accept-data-loss gives consent for one peer',
  },
  { path: 'operator.rollout' },
  { path: 'operator.backup' },
];

/** So many names are enough for a person, and bound what a hostile spec can make a condition of. */
const maxNames = 50;
const maxNameLength = 200;

/** Such as "ingress" or "rebalanceStrategy: it acts as by_count"; without the leading "spec.". */
export function unsupportedFields(spec: ClusterSpec): string[] {
  const inert = inertFields.flatMap((field) => {
    const value = valueAt(spec, field.path.split('.'));
    if (value === undefined || asksNothing(field, value)) return [];
    return [field.instead === undefined ? field.path : `${field.path}: ${field.instead}`];
  });
  const unknown = unknownFields(clusterSpec, spec, []).map((path) => `${path}: not known`);
  return [...inert, ...unknown].slice(0, maxNames).map((name) => name.slice(0, maxNameLength));
}

/** The annotations on a QdrantCluster with which Qdrant's operator is asked for something that this one does not do. */
const inertAnnotations: readonly string[] = [
  'restartedAt',
  'operator.qdrant.com/on-demand-replication-restart',
  'operator.qdrant.com/recreate-node',
  'operator.qdrant.com/reinit',
  'operator.qdrant.com/bootstrap-node',
];

export function unsupportedAnnotations(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return inertAnnotations.filter((name) => annotations !== undefined && Object.hasOwn(annotations, name));
}

function asksNothing(field: Inert, value: unknown): boolean {
  return (field.asksNothing ?? []).some((harmless) => JSON.stringify(harmless) === JSON.stringify(value));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (isMapping(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
    value,
  );
}

/** Goes where the schema has sections: types of Kubernetes' own are Kubernetes' to know. */
function unknownFields(schema: z.core.$ZodType, value: unknown, path: readonly string[]): string[] {
  const inner = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.flatMap((item, at) => unknownFields(inner.element, item, [...path, String(at)]));
  }
  if (!(inner instanceof z.ZodObject) || !isMapping(value)) return [];
  const known: ReadonlyMap<string, z.core.$ZodType> = new Map(Object.entries(inner.shape));
  return Object.entries(value).flatMap(([name, item]) => {
    const field = known.get(name);
    return field === undefined ? [[...path, name].join('.')] : unknownFields(field, item, [...path, name]);
  });
}
