/** JSON text to `qdrant.Value`, without bending numbers. Points do not pass here: the native codec does theirs. */
import { isLosslessNumber, parse } from 'lossless-json';
import { NullValue, type Value } from '../generated/json_with_int.js';

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** The members of a JSON object that was validated when it was stored. */
export function jsonObjectMessage(text: string): Map<string, Value> {
  return members(parse(text));
}

function members(value: unknown): Map<string, Value> {
  return new Map(Object.entries(value as object).map(([key, member]) => [key, jsonValue(member)]));
}

function jsonValue(value: unknown): Value {
  if (value === null || value === undefined) return { kind: { $case: 'nullValue', value: NullValue.NULL_VALUE } };
  if (typeof value === 'string') return { kind: { $case: 'stringValue', value } };
  if (typeof value === 'boolean') return { kind: { $case: 'boolValue', value } };
  if (isLosslessNumber(value)) return numberValue(value.value);
  if (Array.isArray(value)) return { kind: { $case: 'listValue', value: { values: value.map(jsonValue) } } };
  return { kind: { $case: 'structValue', value: { fields: members(value) } } };
}

/** Integers beyond 64 signed bits have no exact form in the message; a double is the nearest. */
function numberValue(text: string): Value {
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text);
    if (integer >= int64Min && integer <= int64Max) return { kind: { $case: 'integerValue', value: integer } };
  }
  return { kind: { $case: 'doubleValue', value: Number(text) } };
}
