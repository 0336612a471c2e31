/** One condition of a REST filter, from losslessly parsed JSON. */
import { isLosslessNumber } from 'lossless-json';
import { DecodeError } from './decode-error.js';
import type { Condition, ExactNumber, Filter, MatchValues, NumberBounds, PointId } from './filter.js';
import { describeJson, fieldOf, isJsonObject, textField } from './json-fields.js';
import { parseUuid } from './point-id.js';

type DecodeNested = (value: unknown, path: string) => Filter;

const integerPattern = /^-?\d+$/;
const smallestI64 = -(2n ** 63n);
const largestU64 = 2n ** 64n - 1n;

/** Parts of a field condition that the original has and this version has not. */
const unservedFieldTests = ['geo_bounding_box', 'geo_radius', 'geo_polygon'] as const;
const unservedMatches = ['text', 'phrase', 'text_any'] as const;

export function decodeCondition(value: unknown, path: string, nested: DecodeNested): Condition {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected a condition, found ${describeJson(value)}`);
  const has = (name: string): boolean => fieldOf(value, name) !== undefined;
  // A field condition may have `is_empty` and `is_null` too, as true or false beside its key.
  if (has('key')) return fieldCondition(value, path);
  if (has('is_empty')) return { kind: 'is-empty', key: keyOf(fieldOf(value, 'is_empty'), `${path}.is_empty`) };
  if (has('is_null')) return { kind: 'is-null', key: keyOf(fieldOf(value, 'is_null'), `${path}.is_null`) };
  if (has('has_id')) return { kind: 'has-id', ids: pointIds(fieldOf(value, 'has_id'), `${path}.has_id`) };
  if (has('has_vector')) return { kind: 'has-vector', name: textField(value, 'has_vector', path) };
  if (has('nested')) return nestedCondition(fieldOf(value, 'nested'), `${path}.nested`, nested);
  // A filter without clauses stands for a condition that everything meets.
  if (Object.keys(value).length === 0) return allOf([]);
  throw new DecodeError(path, 'data did not match any kind of condition');
}

function keyOf(value: unknown, path: string): string {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected an object with a key, found ${describeJson(value)}`);
  return textField(value, 'key', path);
}

function nestedCondition(value: unknown, path: string, nested: DecodeNested): Condition {
  const key = keyOf(value, path);
  const filter = isJsonObject(value) ? fieldOf(value, 'filter') : undefined;
  if (filter === undefined) throw new DecodeError(path, 'missing field `filter`');
  return { kind: 'nested', key, filter: nested(filter, `${path}.filter`) };
}

function allOf(must: readonly Condition[]): Condition {
  return { kind: 'filter', filter: { must, should: [], mustNot: [] } };
}

function anyOf(should: readonly Condition[]): Condition {
  return { kind: 'filter', filter: { must: [], should, mustNot: [] } };
}

function noneOf(mustNot: readonly Condition[]): Condition {
  return { kind: 'filter', filter: { must: [], should: [], mustNot } };
}

/** `match` and `range` of one key are alternatives, as in the original. */
function fieldCondition(value: object, path: string): Condition {
  const key = textField(value, 'key', path);
  const unserved = unservedFieldTests.find((name) => fieldOf(value, name) !== undefined);
  if (unserved !== undefined) throw notServed(path, unserved);
  const tests: Condition[] = [];
  const read = (name: string, decode: (test: unknown, at: string) => Condition): void => {
    const test = fieldOf(value, name);
    if (test !== undefined) tests.push(decode(test, `${path}.${name}`));
  };
  read('match', (test, at) => matchCondition(key, test, at));
  read('range', (test, at) => ({ kind: 'range', key, bounds: rangeBounds(test, at) }));
  const alternatives = tests.length;
  read('values_count', (test, at) => ({ kind: 'values-count', key, bounds: countBounds(test, at) }));
  read('is_empty', (test, at) => expecting(flag(test, at), { kind: 'is-empty', key }));
  read('is_null', (test, at) => expecting(flag(test, at), holdsNull(key)));
  const [first] = tests;
  if (first === undefined) throw new DecodeError(path, 'At least one field condition must be specified');
  if (tests.length === 1) return first;
  if (alternatives < tests.length) {
    throw new DecodeError(path, '`values_count`, `is_empty` and `is_null` stand alone in a condition on a key');
  }
  return anyOf(tests);
}

/** Unlike the condition `is_null`, this form of it also looks into arrays. */
function holdsNull(key: string): Condition {
  return anyOf([
    { kind: 'is-null', key },
    { kind: 'is-null', key: `${key}[]` },
  ]);
}

function expecting(wanted: boolean, test: Condition): Condition {
  return wanted ? test : noneOf([test]);
}

function flag(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new DecodeError(path, `expected true or false, found ${describeJson(value)}`);
  return value;
}

function notServed(path: string, name: string): DecodeError {
  return new DecodeError(`${path}.${name}`, `the condition \`${name}\` is not supported by this version`);
}

function matchCondition(key: string, value: unknown, path: string): Condition {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected an object, found ${describeJson(value)}`);
  const unserved = unservedMatches.find((name) => fieldOf(value, name) !== undefined);
  if (unserved !== undefined) throw notServed(path, unserved);
  const single = fieldOf(value, 'value');
  if (single !== undefined) return { kind: 'match', key, match: singleValue(single, `${path}.value`) };
  const any = fieldOf(value, 'any');
  if (any !== undefined) return { kind: 'match', key, match: listOfValues(any, `${path}.any`) };
  const except = fieldOf(value, 'except');
  if (except !== undefined) return { kind: 'match-except', key, match: listOfValues(except, `${path}.except`) };
  throw new DecodeError(path, 'expected one of `value`, `any`, `except`');
}

function singleValue(value: unknown, path: string): MatchValues {
  if (typeof value === 'string') return { type: 'keyword', values: [value] };
  if (typeof value === 'boolean') return { type: 'bool', value };
  const integer = integerOf(value);
  if (integer !== null) return { type: 'integer', values: [integer] };
  throw new DecodeError(path, `expected a string, an integer or a boolean, found ${describeJson(value)}`);
}

function listOfValues(value: unknown, path: string): Exclude<MatchValues, { type: 'bool' }> {
  if (!Array.isArray(value)) throw new DecodeError(path, `expected a list, found ${describeJson(value)}`);
  if (value.every((element): element is string => typeof element === 'string'))
    return { type: 'keyword', values: value };
  const integers = value.map((element, index) => {
    const integer = integerOf(element);
    if (integer !== null) return integer;
    throw new DecodeError(`${path}[${index}]`, `expected strings or integers only, found ${describeJson(element)}`);
  });
  return { type: 'integer', values: integers };
}

/** Integers that 64 bits hold, signed or not; `1.0` is none. */
function integerOf(value: unknown): bigint | null {
  if (!isLosslessNumber(value) || value.value.length > 20 || !integerPattern.test(value.value)) return null;
  const integer = BigInt(value.value);
  return integer >= smallestI64 && integer <= largestU64 ? integer : null;
}

function numberOf(value: unknown, path: string): ExactNumber {
  const integer = integerOf(value);
  if (integer !== null) return integer;
  if (typeof value === 'string') {
    throw new DecodeError(path, 'a range of dates and times is not supported by this version, expected a number');
  }
  const number = isLosslessNumber(value) ? Number(value.value) : Number.NaN;
  if (!Number.isFinite(number)) throw new DecodeError(path, `expected a number, found ${describeJson(value)}`);
  return number;
}

function bounds(value: unknown, path: string, decode: (bound: unknown, at: string) => ExactNumber): NumberBounds {
  if (!isJsonObject(value)) throw new DecodeError(path, `expected an object, found ${describeJson(value)}`);
  const decoded: { lt?: ExactNumber; lte?: ExactNumber; gt?: ExactNumber; gte?: ExactNumber } = {};
  for (const name of ['lt', 'lte', 'gt', 'gte'] as const) {
    const bound = fieldOf(value, name);
    if (bound !== undefined) decoded[name] = decode(bound, `${path}.${name}`);
  }
  return decoded;
}

function rangeBounds(value: unknown, path: string): NumberBounds {
  return bounds(value, path, numberOf);
}

function countBounds(value: unknown, path: string): NumberBounds {
  return bounds(value, path, (bound, at) => {
    const integer = integerOf(bound);
    if (integer === null || integer < 0n) {
      throw new DecodeError(at, `expected an unsigned integer, found ${describeJson(bound)}`);
    }
    return integer;
  });
}

function pointIds(value: unknown, path: string): readonly PointId[] {
  if (!Array.isArray(value)) throw new DecodeError(path, `expected a list of point ids, found ${describeJson(value)}`);
  return value.map((element, index) => {
    const id = typeof element === 'string' ? parseUuid(element) : integerOf(element);
    if (id === null || (typeof id === 'bigint' && id < 0n)) {
      const shown = isLosslessNumber(element)
        ? element.value.slice(0, 80)
        : typeof element === 'string'
          ? element.slice(0, 80)
          : describeJson(element);
      throw new DecodeError(
        `${path}[${index}]`,
        `value ${shown} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
      );
    }
    return id;
  });
}
