/** `qdrant.PointId` and the ids of the engine. */
import { ServiceError } from '../../../errors.js';
import type { PointId as EnginePointId } from '../../../payload/filter.js';
import { parseUuid } from '../../../payload/point-id.js';
import type { PointId } from '../generated/qdrant_common.js';
import { missing } from './field-values.js';

export function pointId(message: PointId | undefined, field: string): EnginePointId {
  const variant = message?.pointIdOptions;
  if (variant === undefined) throw missing(field);
  switch (variant.$case) {
    case 'num':
      return variant.value;
    case 'uuid': {
      const canonical = parseUuid(variant.value);
      if (canonical === null) {
        throw new ServiceError('bad-input', `${field}: Unable to parse UUID: ${variant.value.slice(0, 80)}`);
      }
      return canonical;
    }
  }
}

export function pointIds(messages: readonly PointId[], field: string): EnginePointId[] {
  return messages.map((message, index) => pointId(message, `${field}[${index}]`));
}

export function pointIdMessage(id: EnginePointId): PointId {
  return { pointIdOptions: typeof id === 'bigint' ? { $case: 'num', value: id } : { $case: 'uuid', value: id } };
}
