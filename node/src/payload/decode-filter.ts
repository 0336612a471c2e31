/**
 * Filters as REST writes them, from losslessly parsed JSON (numbers are `LosslessNumber`). Unknown
 * fields of a filter are refused, as in the original; null is the same as absent.
 */
import { isLosslessNumber } from 'lossless-json';
import { decodeCondition } from './decode-condition.js';
import { DecodeError } from './decode-error.js';
import type { Condition, Filter } from './filter.js';
import { filterLimits } from './compile-filter.js';
import { describeJson, fieldOf, isJsonObject } from './json-fields.js';

export { DecodeError } from './decode-error.js';

const clauses = ['should', 'min_should', 'must', 'must_not'] as const;

/** `path` names the filter in the body. */
export function decodeFilter(value: unknown, path: string, depth = 1): Filter {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected a filter, found ${describeJson(value)}`);
  if (depth > filterLimits.depth) throw new DecodeError(path, `a filter is at most ${filterLimits.depth} levels deep`);
  const unknown = Object.keys(value).find((name) => !isClause(name));
  if (unknown !== undefined) {
    const names = clauses.map((name) => `\`${name}\``).join(', ');
    throw new DecodeError(path, `unknown field \`${unknown.slice(0, 80)}\`, expected one of ${names}`);
  }
  const minShould = fieldOf(value, 'min_should');
  return {
    must: conditions(fieldOf(value, 'must'), `${path}.must`, depth),
    should: conditions(fieldOf(value, 'should'), `${path}.should`, depth),
    mustNot: conditions(fieldOf(value, 'must_not'), `${path}.must_not`, depth),
    ...(minShould !== undefined && { minShould: decodeMinShould(minShould, `${path}.min_should`, depth) }),
  };
}

function isClause(name: string): boolean {
  return clauses.some((clause) => clause === name);
}

/** A list of conditions, or one condition in place of a list of one. */
function conditions(value: unknown, path: string, depth: number): readonly Condition[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [condition(value, path, depth)];
  return value.map((element, index) => condition(element, `${path}[${index}]`, depth));
}

function decodeMinShould(value: unknown, path: string, depth: number): NonNullable<Filter['minShould']> {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected an object, found ${describeJson(value)}`);
  const list = fieldOf(value, 'conditions');
  if (list === undefined) throw new DecodeError(path, 'missing field `conditions`');
  if (!Array.isArray(list)) throw new DecodeError(`${path}.conditions`, `expected a list, found ${describeJson(list)}`);
  const minCount = fieldOf(value, 'min_count');
  if (minCount === undefined) throw new DecodeError(path, 'missing field `min_count`');
  if (!isLosslessNumber(minCount) || !/^\d{1,20}$/.test(minCount.value)) {
    throw new DecodeError(`${path}.min_count`, `expected an unsigned integer, found ${describeJson(minCount)}`);
  }
  return { conditions: conditions(list, `${path}.conditions`, depth), minCount: Number(minCount.value) };
}

/** A condition of its own, or a filter in place of one. */
function condition(value: unknown, path: string, depth: number): Condition {
  if (isJsonObject(value) && clauses.some((name) => Object.hasOwn(value, name))) {
    return { kind: 'filter', filter: decodeFilter(value, path, depth + 1) };
  }
  return decodeCondition(value, path, (inner, at) => decodeFilter(inner, at, depth + 1));
}
