/** What the operator reports: the fields of Qdrant's status that are facts, in its words, and what kstatus needs. */
import { z } from 'zod';
import { choice, count, flag, section, text } from './schema-parts.js';

export const phases = [
  'Creating',
  'Updating',
  'Scaling',
  'Upgrading',
  'Suspending',
  'Suspended',
  'Resuming',
  'Healthy',
  'NotReady',
  'RecoveryMode',
  'ManualMaintenance',
  'FailedToCreate',
  'FailedToUpdate',
  'FailedToSuspend',
  'FailedToResume',
] as const;
export type ClusterPhase = (typeof phases)[number];

/** Conditions that are written; closed, since people alert on them. */
export const conditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'AcceptingConnection',
  'QuorumAvailable',
  'ShardsHealthy',
  'Balanced',
  'Drained',
  'DegradedNoReplica',
  'UnsupportedField',
  'RolloutPending',
] as const;
export type ConditionType = (typeof conditionTypes)[number];

const ordinals = (description: string) => z.array(z.int().min(0)).max(1000).meta({ description });
const time = (description: string) => text(description, 64);
const peerId = (description: string) => text(description, 20);
const index = (description: string) => count(description, 0, 1_000_000);

const condition = z.looseObject({
  type: text('What is said.', 316),
  status: choice('Whether it is so.', ['True', 'False', 'Unknown']),
  reason: text('Why, in one word.', 1024),
  message: text('Why, in a sentence.', 32_768),
  lastTransitionTime: time('Since when the status is this.'),
  observedGeneration: z.int().min(0).meta({ description: 'Generation of the spec that it is about.' }).exactOptional(),
});

const node = section('A node, as it was last seen.', {
  name: text('Its pod.').exactOptional(),
  peerId: peerId('Its peer, as text: ids may be above 2^53.').exactOptional(),
  version: text('The version that it runs.', 128).exactOptional(),
  zone: text('Its zone.').exactOptional(),
  liveness: flag('Its process answers.').exactOptional(),
  ready: flag('Its pod is ready.').exactOptional(),
  shards: index('Replicas that it has.').exactOptional(),
  database: section('Its data volume.', {
    phase: text('Phase of the volume claim.', 64).exactOptional(),
    capacity: text('Size of the volume.', 32).exactOptional(),
  }).exactOptional(),
});

const bootstrap = section('That the cluster was begun, once. Never cleared.', {
  peerId: peerId('The first peer.'),
  nodeIndex: index('Ordinal of its pod.'),
  at: time('When.'),
});

const operation = section('What the operator does now.', {
  type: text('The procedure.', 64),
  step: text('Its step.', 64),
  startedAt: time('Since when.'),
  procedureSince: time('Since when the procedure goes on.').exactOptional(),
  target: text('What it is about: a pod, a peer, a volume, a shard.', 1024).exactOptional(),
  attempts: count('How often the step was sent.', 0, 1_000_000).exactOptional(),
  progress: section('What a node last said that was new of the transfer.', {
    seen: text('In its words.', 1024),
    since: time('Since when it says that.'),
  }).exactOptional(),
  leaseTransitions: z.int().min(0).meta({ description: 'The term of the leader that wrote this.' }).exactOptional(),
  message: text('In a sentence.', 4096).exactOptional(),
});

const plannedMove = section('A shard that will move.', {
  collection: text('Its collection.', 1024),
  shard: index('Its number.'),
  from: peerId('The peer that has it.'),
  to: peerId('The peer that gets it.'),
  why: text('Why.', 1024).exactOptional(),
});

export const clusterStatus = section('What is.', {
  observedGeneration: z
    .int()
    .min(0)
    .meta({ description: 'Generation of the spec that this is about.' })
    .exactOptional(),
  phase: choice('One word for people and scripts; conditions are for machines.', phases).exactOptional(),
  reason: text('Why the phase is this.', 4096).exactOptional(),
  availableNodes: index('Nodes that are ready.').exactOptional(),
  currentNodes: index('Nodes that exist.').exactOptional(),
  selector: text('Label selector of the pods, for the scale subresource.', 1024).exactOptional(),
  availableNodeIndexes: ordinals('Ordinals of the nodes that exist.').exactOptional(),
  deleteInProgressNodeIndexes: ordinals('Ordinals of the nodes that are being emptied or removed.').exactOptional(),
  version: text('The version that the nodes run.', 128).exactOptional(),
  peers: index('Peers of the cluster.').exactOptional(),
  volumeSize: text('The size that the data volumes were asked for with.', 32).exactOptional(),
  lastHealthyTime: time('When the phase was last Healthy.').exactOptional(),
  conditions: z
    .array(condition)
    .max(32)
    .meta({
      description: 'Ready, Reconciling and Stalled as kstatus reads them, and more.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    })
    .exactOptional(),
  nodes: z.record(z.string(), node).meta({ description: 'Nodes by the name of their pod.' }).exactOptional(),
  bootstrap: bootstrap.exactOptional(),
  operation: operation.exactOptional(),
  plannedMoves: z
    .array(plannedMove)
    .max(10)
    .meta({ description: 'The first of the moves of shards that are planned.' })
    .exactOptional(),
});

export type ClusterStatus = z.infer<typeof clusterStatus>;
export type StatusCondition = z.infer<typeof condition>;
export type NodeStatus = z.infer<typeof node>;
export type StatusOperation = z.infer<typeof operation>;
export type StatusBootstrap = z.infer<typeof bootstrap>;
export type PlannedMove = z.infer<typeof plannedMove>;

/** Without the fields that are broken: a claim still counts when something else in the status does not. */
export function parseClusterStatus(value: unknown): ClusterStatus | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const whole = clusterStatus.safeParse(value);
  if (whole.success) return whole.data;
  const broken = new Set(whole.error.issues.map((issue) => issue.path[0]));
  const rest = clusterStatus.safeParse(Object.fromEntries(Object.entries(value).filter(([name]) => !broken.has(name))));
  return rest.success ? rest.data : {};
}
