/** The words in `reason` of a condition: closed, since people alert on them. */
import type { BlockReason, Procedure } from '../plan/plan.js';

export type StatusReason =
  | BlockReason
  | Procedure
  /** An object that the cluster stands on is not as it is wanted. */
  | 'NameTaken'
  | 'ObjectRefused'
  /** All is as it is wanted. */
  | 'AsWanted'
  | 'NotBegun'
  | 'NotAtRest'
  | 'NoQuorum'
  | 'QuorumAvailable'
  | 'NobodyServes'
  | 'Serving'
  | 'AllActive'
  | 'ReplicasNotActive'
  | 'ShardsUnknown'
  | 'MovesPlanned'
  | 'Disabled'
  | 'Draining'
  | 'NothingToDrain'
  | 'VolumeLost'
  | 'NoVolumeLost'
  | 'FieldsIgnored'
  | 'AllFieldsActedOn'
  | 'OlderTemplate'
  | 'SameTemplate';
