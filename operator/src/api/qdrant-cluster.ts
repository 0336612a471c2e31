/** The QdrantCluster resource, and how an object that claims to be one becomes it. */
import type { V1ObjectMeta } from '@kubernetes/client-node';
import { z } from 'zod';
import { clusterSpec, type ClusterSpec } from './cluster-spec.js';
import { parseClusterStatus, type ClusterStatus } from './cluster-status.js';
import { kindName } from './group.js';
import { specProblems } from './spec-problems.js';

export interface QdrantClusterResource {
  readonly apiVersion: string;
  readonly kind: 'QdrantCluster';
  readonly metadata: V1ObjectMeta;
  readonly spec: ClusterSpec;
  readonly status?: ClusterStatus;
}

/** A cluster whose spec cannot be followed. Its status is kept: writing another one must not lose the claim. */
export type InvalidCluster = Omit<QdrantClusterResource, 'spec'>;

export type ParsedCluster =
  | { readonly kind: 'cluster'; readonly cluster: QdrantClusterResource }
  /** A person has to change the spec: the problems are sentences for that person. */
  | { readonly kind: 'invalid-spec'; readonly cluster: InvalidCluster; readonly problems: readonly string[] }
  | { readonly kind: 'not-a-cluster'; readonly problems: readonly string[] };

/** So many problems are enough to begin with, and bound what a hostile spec can make a message of. */
const maxProblems = 10;
const maxProblemLength = 300;

const time = z.union([z.date(), z.iso.datetime({ offset: true }).transform((text) => new Date(text))]);

// Without managedFields and the like, which nobody reads and which are often larger than all the rest.
const metadataSchema = z.object({
  name: z.string().min(1),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  generation: z.int().exactOptional(),
  creationTimestamp: time.exactOptional(),
  deletionTimestamp: time.exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
});

const envelope = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal(kindName),
  metadata: metadataSchema,
});

/** Never throws, whatever it is given. */
export function parseQdrantCluster(value: unknown): ParsedCluster {
  const parsed = envelope.safeParse(value);
  if (!parsed.success) return { kind: 'not-a-cluster', problems: problemsOf(parsed.error, []) };
  const { apiVersion, kind, metadata } = parsed.data;
  const status = parseClusterStatus(parsed.data['status']);
  const identity = { apiVersion, kind, metadata, ...(status === null ? {} : { status }) };
  const spec = clusterSpec.safeParse(parsed.data['spec'] ?? {});
  if (!spec.success) return { kind: 'invalid-spec', cluster: identity, problems: problemsOf(spec.error, ['spec']) };
  const problems = specProblems(metadata.name, spec.data);
  if (problems.length > 0) {
    return { kind: 'invalid-spec', cluster: identity, problems: bounded(problems) };
  }
  return { kind: 'cluster', cluster: { ...identity, spec: spec.data } };
}

function problemsOf(error: z.ZodError, at: readonly string[]): string[] {
  return bounded(error.issues.map((issue) => `${[...at, ...issue.path.map(String)].join('.')}: ${issue.message}`));
}

function bounded(problems: readonly string[]): string[] {
  return problems.slice(0, maxProblems).map((problem) => problem.slice(0, maxProblemLength));
}
