import type { Dice } from './dice.js';

/** One unit of simulated time is a tenth of a tick. */
export const unitsPerTick = 10;

/** How hard a run is on the peers. Each seed has its own mixture, because some faults hide others. */
export interface Plan {
  readonly voters: number;
  /** Peers that may join. */
  readonly spares: number;
  readonly ticks: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly maxAppendBytes: number;
  readonly maxInflightAppends: number;

  readonly messageDelay: readonly [number, number];
  /** Of some messages: long after they were sent, perhaps in another term. */
  readonly straggling: number;
  readonly loss: number;
  readonly duplication: number;
  readonly diskDelay: readonly [number, number];
  readonly diskStalls: number;
  readonly applyDelay: readonly [number, number];
  /** Applied entries between two snapshots. */
  readonly snapshotEvery: number;
  readonly snapshotsOnDemand: boolean;

  /** Chances per tick. */
  readonly crashes: number;
  /** Per write: a crash before or just after it is on disk. */
  readonly crashesOnWrite: number;
  readonly restarts: number;
  readonly partitions: number;
  readonly heals: number;
  readonly memberChanges: number;
  readonly transfers: number;
  readonly snapshotRequests: number;
  /** A connection breaks although the peers can go on talking. */
  readonly resets: number;
  /** Per broken link or crash: the other side is told, instead of hearing nothing. */
  readonly evidence: number;
  readonly proposals: number;
  readonly reads: number;
}

export function drawPlan(dice: Dice): Plan {
  const slow = dice.chance(0.2);
  const calm = dice.chance(0.1);
  const faults = (rate: number): number => (calm || dice.chance(0.3) ? 0 : rate * (0.3 + 1.7 * dice.random()));
  const voters = dice.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]);
  return {
    voters,
    spares: dice.pick([0, 1, 2, 3]),
    ticks: dice.between(20, 80),
    preVote: !dice.chance(0.1),
    checkQuorum: !dice.chance(0.05),
    // Short timeouts make more elections in a run; delays that are long beside them make them go wrong.
    electionTicks: dice.pick([3, 3, 5, 10]),
    heartbeatTicks: dice.pick([1, 1, 2]),
    maxAppendBytes: dice.pick([1, 1, 100, 1024]),
    maxInflightAppends: dice.pick([1, 2, 8, 256]),
    messageDelay: slow
      ? [2, 30]
      : dice.pick([
          [1, 2],
          [1, 5],
          [0, 12],
        ] as const),
    straggling: dice.pick([0, 0.02, 0.1]),
    loss: calm ? 0 : dice.pick([0, 0.02, 0.1, 0.25]),
    duplication: dice.pick([0, 0.05, 0.2]),
    diskDelay: dice.pick([
      [0, 0],
      [0, 2],
      [1, 8],
      [2, 25],
    ] as const),
    diskStalls: dice.pick([0, 0, 0.05]),
    applyDelay: dice.pick([
      [0, 0],
      [0, 4],
      [3, 20],
    ] as const),
    snapshotEvery: dice.pick([3, 8, 20, 1000]),
    snapshotsOnDemand: dice.chance(0.5),
    crashes: faults(0.06),
    crashesOnWrite: faults(0.03),
    restarts: 0.1 + 0.3 * dice.random(),
    partitions: faults(0.08),
    heals: 0.1 + 0.2 * dice.random(),
    memberChanges: faults(0.25),
    transfers: faults(0.05),
    snapshotRequests: faults(0.03),
    resets: faults(0.05),
    evidence: dice.pick([0, 0.5, 1]),
    proposals: dice.pick([0.1, 0.3, 1, 3]),
    reads: faults(0.5),
  };
}
