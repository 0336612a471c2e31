/** Fields that say through which replicas and shards a request goes. There are no shard keys yet. */
import type {
  ReadConsistency as Consistency,
  ReadOptions,
  WriteOptions,
  WriteOrdering as Ordering,
} from '../../../service/points-service.js';
import type { CallContext } from '../call-context.js';
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

export function readConsistency({ readConsistency: wanted, shardKeySelector }: ReadPlacement): Consistency {
  checkShardKeys(shardKeySelector);
  if (wanted === undefined) return 1;
  const { value } = wanted;
  if (value === undefined) throw missing('read_consistency');
  switch (value.$case) {
    case 'factor': {
      if (value.value === 0n) throw invalid('read_consistency.factor', 'value 0 invalid, must be 1 or larger');
      return Number(value.value);
    }
    case 'type':
      return consistencyOfType(value.value);
  }
}

function consistencyOfType(type: ReadConsistencyType): Consistency {
  switch (type) {
    case ReadConsistencyType.All:
      return 'all';
    case ReadConsistencyType.Majority:
      return 'majority';
    case ReadConsistencyType.Quorum:
      return 'quorum';
    case ReadConsistencyType.UNRECOGNIZED:
    default:
      throw unknownVariant('read_consistency.type', type);
  }
}

export function checkReadPlacement(message: ReadPlacement): void {
  readConsistency(message);
}

export function readOptions(
  context: CallContext,
  message: ReadPlacement & { readonly timeout?: bigint | undefined },
): ReadOptions {
  return {
    consistency: readConsistency(message),
    routeAffinity: context.routeAffinity,
    timeoutMs: context.readTimeoutMs(message.timeout),
  };
}

export function writeOrdering({ ordering, shardKeySelector }: WritePlacement): Ordering {
  checkShardKeys(shardKeySelector);
  switch (ordering?.type) {
    case undefined:
    case WriteOrderingType.Weak:
      return 'weak';
    case WriteOrderingType.Medium:
      return 'medium';
    case WriteOrderingType.Strong:
      return 'strong';
    case WriteOrderingType.UNRECOGNIZED:
    default:
      throw unknownVariant('ordering.type', ordering?.type ?? -1);
  }
}

export function checkWritePlacement(message: WritePlacement): void {
  writeOrdering(message);
}

export function writeOptions(
  context: CallContext,
  message: WritePlacement & { readonly wait?: boolean | undefined; readonly timeout?: bigint | undefined },
): WriteOptions {
  return {
    wait: message.wait ?? false,
    ordering: writeOrdering(message),
    timeoutMs: context.writeTimeoutMs(message.timeout),
  };
}

function checkShardKeys(selector: ShardKeySelector | undefined): void {
  if (selector === undefined) return;
  if (selector.shardKeys.length > 0 || selector.fallback !== undefined) throw notServed('shard_key_selector');
}
