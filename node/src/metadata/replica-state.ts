/** The states of a replica, by the names that Qdrant's API gives them, and what each of them means. */

export const replicaStates = [
  'Active',
  'Dead',
  'Partial',
  'Initializing',
  'Listener',
  'PartialSnapshot',
  'Recovery',
  'Resharding',
  'ReshardingScaleDown',
  'ActiveRead',
  'ManualRecovery',
] as const;

export type ReplicaState = (typeof replicaStates)[number];

interface Meaning {
  /** Takes the writes of clients. */
  readonly updatable: boolean;
  /** Answers the reads of clients. */
  readonly readable: boolean;
  /** Has every acknowledged write: a shard whose last such replica is lost has lost data. */
  readonly sourceOfTruth: boolean;
  /** Does not keep a starting node from being ready. */
  readonly healthy: boolean;
}

const meanings: Readonly<Record<ReplicaState, Meaning>> = {
  Active: { updatable: true, readable: true, sourceOfTruth: true, healthy: true },
  Dead: { updatable: false, readable: false, sourceOfTruth: false, healthy: false },
  Partial: { updatable: true, readable: false, sourceOfTruth: false, healthy: false },
  Initializing: { updatable: true, readable: false, sourceOfTruth: false, healthy: false },
  Listener: { updatable: true, readable: false, sourceOfTruth: false, healthy: true },
  PartialSnapshot: { updatable: false, readable: false, sourceOfTruth: false, healthy: false },
  Recovery: { updatable: false, readable: false, sourceOfTruth: false, healthy: false },
  Resharding: { updatable: true, readable: false, sourceOfTruth: true, healthy: true },
  ReshardingScaleDown: { updatable: true, readable: true, sourceOfTruth: true, healthy: true },
  ActiveRead: { updatable: true, readable: true, sourceOfTruth: true, healthy: false },
  ManualRecovery: { updatable: false, readable: false, sourceOfTruth: false, healthy: true },
};

export function isUpdatable(state: ReplicaState): boolean {
  return meanings[state].updatable;
}

export function isReadable(state: ReplicaState): boolean {
  return meanings[state].readable;
}

export function isSourceOfTruth(state: ReplicaState): boolean {
  return meanings[state].sourceOfTruth;
}

export function isHealthy(state: ReplicaState): boolean {
  return meanings[state].healthy;
}
