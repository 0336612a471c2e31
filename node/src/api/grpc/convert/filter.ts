/** `qdrant.Filter` to the filters of the engine. */
import type { Condition as EngineCondition, Filter as EngineFilter, NumberBounds } from '../../../payload/filter.js';
import type { Condition, FieldCondition, Filter, Match, Range, ValuesCount } from '../generated/qdrant_common.js';
import { count, defined, finite, invalid, missing, notServed, refuse } from './field-values.js';
import { pointIds } from './point-id.js';

/** Programs of the engine are at most this deep; decoding stops before the stack has to hold more. */
const depthMax = 64;

export function filter(message: Filter, field: string, depth = 0): EngineFilter {
  if (depth >= depthMax) throw invalid(field, `nested deeper than ${depthMax} levels`);
  const conditions = (list: readonly Condition[], name: string): EngineCondition[] =>
    list.map((entry, index) => condition(entry, `${field}.${name}[${index}]`, depth + 1));
  const { minShould } = message;
  return {
    must: conditions(message.must, 'must'),
    should: conditions(message.should, 'should'),
    mustNot: conditions(message.mustNot, 'must_not'),
    ...(minShould !== undefined && {
      minShould: {
        conditions: conditions(minShould.conditions, 'min_should.conditions'),
        minCount: count(minShould.minCount, `${field}.min_should.min_count`),
      },
    }),
  };
}

export function optionalFilter(message: Filter | undefined, field: string): EngineFilter | null {
  return message === undefined ? null : filter(message, field);
}

function condition(message: Condition, field: string, depth: number): EngineCondition {
  const variant = message.conditionOneOf;
  if (variant === undefined) throw missing(field);
  switch (variant.$case) {
    case 'field':
      return fieldCondition(variant.value, `${field}.field`);
    case 'isEmpty':
      return { kind: 'is-empty', key: variant.value.key };
    case 'isNull':
      return { kind: 'is-null', key: variant.value.key };
    case 'hasId':
      return { kind: 'has-id', ids: pointIds(variant.value.hasId, `${field}.has_id`) };
    case 'filter':
      return { kind: 'filter', filter: filter(variant.value, `${field}.filter`, depth) };
    case 'nested': {
      const { key, filter: inner } = variant.value;
      if (inner === undefined) throw missing(`${field}.nested.filter`);
      return { kind: 'nested', key, filter: filter(inner, `${field}.nested.filter`, depth) };
    }
    case 'hasVector':
      return { kind: 'has-vector', name: variant.value.hasVector };
  }
}

/** `match` and `range` of one key are alternatives, as in the original; the other tests stand alone. */
function fieldCondition(message: FieldCondition, field: string): EngineCondition {
  refuse({
    [`${field}.geo_bounding_box`]: message.geoBoundingBox,
    [`${field}.geo_radius`]: message.geoRadius,
    [`${field}.geo_polygon`]: message.geoPolygon,
    [`${field}.datetime_range`]: message.datetimeRange,
  });
  const { key } = message;
  if (key === '') throw missing(`${field}.key`);
  const alternatives: EngineCondition[] = [];
  if (message.match !== undefined) alternatives.push(match(key, message.match, `${field}.match`));
  if (message.range !== undefined) {
    alternatives.push({ kind: 'range', key, bounds: range(message.range, `${field}.range`) });
  }
  const alone: EngineCondition[] = [];
  if (message.valuesCount !== undefined) {
    alone.push({ kind: 'values-count', key, bounds: valuesCount(message.valuesCount) });
  }
  if (message.isEmpty !== undefined) alone.push(expecting(message.isEmpty, { kind: 'is-empty', key }));
  if (message.isNull !== undefined) alone.push(expecting(message.isNull, holdsNull(key)));
  const tests = [...alternatives, ...alone];
  const [first] = tests;
  if (first === undefined) throw missing(`a condition in ${field}`);
  if (tests.length === 1) return first;
  if (alone.length > 0) throw invalid(field, 'values_count, is_empty and is_null stand alone in a condition on a key');
  return anyOf(alternatives);
}

function anyOf(should: readonly EngineCondition[]): EngineCondition {
  return { kind: 'filter', filter: { must: [], should, mustNot: [] } };
}

/** Unlike the condition `is_null`, this form of it also looks into arrays. */
function holdsNull(key: string): EngineCondition {
  return anyOf([
    { kind: 'is-null', key },
    { kind: 'is-null', key: `${key}[]` },
  ]);
}

function expecting(wanted: boolean, test: EngineCondition): EngineCondition {
  return wanted ? test : { kind: 'filter', filter: { must: [], should: [], mustNot: [test] } };
}

function match(key: string, message: Match, field: string): EngineCondition {
  const variant = message.matchValue;
  if (variant === undefined) throw missing(field);
  switch (variant.$case) {
    case 'keyword':
      return { kind: 'match', key, match: { type: 'keyword', values: [variant.value] } };
    case 'integer':
      return { kind: 'match', key, match: { type: 'integer', values: [variant.value] } };
    case 'boolean':
      return { kind: 'match', key, match: { type: 'bool', value: variant.value } };
    case 'keywords':
      return { kind: 'match', key, match: { type: 'keyword', values: variant.value.strings } };
    case 'integers':
      return { kind: 'match', key, match: { type: 'integer', values: variant.value.integers } };
    case 'exceptKeywords':
      return { kind: 'match-except', key, match: { type: 'keyword', values: variant.value.strings } };
    case 'exceptIntegers':
      return { kind: 'match-except', key, match: { type: 'integer', values: variant.value.integers } };
    case 'text':
      throw notServed(`${field}.text`);
    case 'phrase':
      throw notServed(`${field}.phrase`);
    case 'textAny':
      throw notServed(`${field}.text_any`);
  }
}

function range({ lt, lte, gt, gte }: Range, field: string): NumberBounds {
  for (const [name, value] of Object.entries({ lt, lte, gt, gte })) {
    if (value !== undefined) finite(value, `${field}.${name}`);
  }
  return defined({ lt, lte, gt, gte });
}

function valuesCount({ lt, lte, gt, gte }: ValuesCount): NumberBounds {
  return defined({ lt, lte, gt, gte });
}
