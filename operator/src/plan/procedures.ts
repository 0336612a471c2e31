/** The procedures in the order in which they are asked, and which of them a blocked one leaves unsafe. */
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { proposeAdoption } from './adopt.js';
import { proposeBootstrap } from './bootstrap.js';
import { proposeDeadPeer } from './dead-peer.js';
import { proposeGrow, proposeRoomToGrow } from './grow.js';
import { proposeJoin } from './join.js';
import { proposeOrphanedTransfers } from './orphaned-transfers.js';
import type { Procedure, Proposal } from './plan.js';
import { proposeRebalance } from './rebalance.js';
import { proposeRepair } from './repair.js';
import { proposeScaleDown } from './scale-down.js';
import { proposeTakeBack } from './take-back.js';

export type Propose = (observation: Observation, assessment: Assessment) => Proposal;

export interface OrderedProcedure {
  readonly procedure: Procedure;
  readonly propose: Propose;
  /** While one of these is blocked, this one would do harm. */
  readonly heldBy: readonly Procedure[];
}

/** Without which there is no cluster to do anything with. They need no quorum; a block of one holds all others. */
export const foundation: readonly Propose[] = [
  // A pod that cannot start from an old template is in the way of everything else, and nothing of it runs.
  proposeTakeBack,
  proposeBootstrap,
  proposeAdoption,
];

export const upkeep: readonly OrderedProcedure[] = [
  { procedure: 'DeadPeer', propose: proposeDeadPeer, heldBy: [] },
  // Pods start while others join and shards are copied, and a pod that waits disturbs nobody.
  { procedure: 'ScaleUp', propose: proposeGrow, heldBy: [] },
  { procedure: 'Join', propose: proposeJoin, heldBy: [] },
  { procedure: 'Repair', propose: proposeRepair, heldBy: [] },
  // A lost peer that waits for a decision is a voter that is down: no other may leave.
  { procedure: 'ScaleDown', propose: proposeScaleDown, heldBy: ['DeadPeer'] },
  { procedure: 'ScaleUp', propose: proposeRoomToGrow, heldBy: [] },
  // Balance is of peers that stay: shards given to one that is lost, new or leaving would be moved again.
  { procedure: 'Rebalance', propose: proposeRebalance, heldBy: ['DeadPeer', 'Join', 'Repair', 'ScaleDown', 'ScaleUp'] },
  { procedure: 'Transfer', propose: proposeOrphanedTransfers, heldBy: [] },
];
