/** Looking at losslessly parsed JSON without trusting its shape. */
import { isLosslessNumber } from 'lossless-json';
import { DecodeError } from './decode-error.js';

export function isJsonObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/** undefined for a field that is absent or null. */
export function fieldOf(object: object, name: string): unknown {
  if (!Object.hasOwn(object, name)) return undefined;
  const value: unknown = Reflect.get(object, name);
  return value === null ? undefined : value;
}

export function textField(object: object, name: string, path: string): string {
  const value = fieldOf(object, name);
  if (value === undefined) throw new DecodeError(path, `missing field \`${name}\``);
  if (typeof value !== 'string')
    throw new DecodeError(`${path}.${name}`, `expected a string, found ${describeJson(value)}`);
  return value;
}

/** For messages: long values are cut. */
export function describeJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (isLosslessNumber(value)) return `the number ${value.value.slice(0, 40)}`;
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}
