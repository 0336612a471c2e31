/**
 * Fields that say through which replicas and shards a request goes. A single node has one replica of
 * everything, so every level of consistency and ordering that is well-formed holds; shard keys it lacks.
 */
import {
  ReadConsistencyType,
  WriteOrderingType,
  type ReadConsistency,
  type ShardKeySelector,
  type WriteOrdering,
} from '../generated/points.js';
import { invalid, missing, notServed, unknownVariant } from './field-values.js';

export interface ReadPlacement {
  readonly readConsistency?: ReadConsistency | undefined;
  readonly shardKeySelector?: ShardKeySelector | undefined;
}

export interface WritePlacement {
  readonly ordering?: WriteOrdering | undefined;
  readonly shardKeySelector?: ShardKeySelector | undefined;
}

export function checkReadPlacement({ readConsistency, shardKeySelector }: ReadPlacement): void {
  checkShardKeys(shardKeySelector);
  if (readConsistency === undefined) return;
  const { value } = readConsistency;
  if (value === undefined) throw missing('read_consistency');
  switch (value.$case) {
    case 'factor':
      if (value.value === 0n) throw invalid('read_consistency.factor', 'value 0 invalid, must be 1 or larger');
      return;
    case 'type':
      checkConsistencyType(value.value);
  }
}

function checkConsistencyType(type: ReadConsistencyType): void {
  switch (type) {
    case ReadConsistencyType.All:
    case ReadConsistencyType.Majority:
    case ReadConsistencyType.Quorum:
      return;
    case ReadConsistencyType.UNRECOGNIZED:
    default:
      throw unknownVariant('read_consistency.type', type);
  }
}

export function checkWritePlacement({ ordering, shardKeySelector }: WritePlacement): void {
  checkShardKeys(shardKeySelector);
  switch (ordering?.type) {
    case undefined:
    case WriteOrderingType.Weak:
    case WriteOrderingType.Medium:
    case WriteOrderingType.Strong:
      return;
    case WriteOrderingType.UNRECOGNIZED:
    default:
      throw unknownVariant('ordering.type', ordering?.type ?? -1);
  }
}

function checkShardKeys(selector: ShardKeySelector | undefined): void {
  if (selector === undefined) return;
  if (selector.shardKeys.length > 0 || selector.fallback !== undefined) throw notServed('shard_key_selector');
}
