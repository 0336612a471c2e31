/** Which points a write is about. */
import type { PointsSelector as EngineSelector } from '../../../service/points-service.js';
import type { PointsSelector } from '../generated/points.js';
import { missing } from './field-values.js';
import { filter } from './filter.js';
import { pointIds } from './point-id.js';

export function pointsSelector(message: PointsSelector | undefined, field: string): EngineSelector {
  const variant = message?.pointsSelectorOneOf;
  if (variant === undefined) throw missing(field);
  switch (variant.$case) {
    case 'points':
      return { kind: 'ids', ids: pointIds(variant.value.ids, `${field}.points.ids`) };
    case 'filter':
      return { kind: 'filter', filter: filter(variant.value, `${field}.filter`) };
  }
}
