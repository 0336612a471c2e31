/**
 * Typed reading of a losslessly parsed JSON object. Wrong types are format errors (400), values out of
 * range are validation errors (422), and both name the field.
 */
import { isLosslessNumber } from 'lossless-json';
import { ServiceError } from '../../../errors.js';

export function formatError(path: string, problem: string): ServiceError {
  return new ServiceError('format', `Format error in JSON body: ${path === '' ? '' : `${path}: `}${problem}`);
}

export function validationError(path: string, problem: string): ServiceError {
  return new ServiceError('validation', `Validation error in JSON body: [${path}: ${problem}]`);
}

/** Refuses something of the original's API that this version does not do. */
export function notServed(path: string): ServiceError {
  return new ServiceError('bad-request', `${path} is not supported by this version`);
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Counts and sizes end here: beyond it no answer would be possible anyway. */
const largestCount = 2 ** 32 - 1;

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (isLosslessNumber(value)) return `the number ${value.value.slice(0, 40)}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === 'boolean' ? String(value) : typeof value;
}

export function expected(path: string, what: string, value: unknown): ServiceError {
  return formatError(path, `expected ${what}, found ${describe(value)}`);
}

export function asText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw expected(path, 'a string', value);
  return value;
}

export function asBool(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw expected(path, 'true or false', value);
  return value;
}

export function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw expected(path, 'a list', value);
  return value;
}

export function asFloat(value: unknown, path: string): number {
  if (!isLosslessNumber(value)) throw expected(path, 'a number', value);
  const number = Number(value.value);
  if (!Number.isFinite(number)) throw formatError(path, 'number out of range');
  return number;
}

export function asCount(value: unknown, path: string, { min, max }: Partial<Bounds> = {}): number {
  if (!isLosslessNumber(value)) throw expected(path, 'an unsigned integer', value);
  if (!/^\d+$/.test(value.value)) throw expected(path, 'an unsigned integer', value);
  const number = Number(value.value);
  const low = min ?? 0;
  const high = max ?? largestCount;
  if (number < low || number > high) {
    const range = max === undefined && number < low ? `must be ${low} or larger` : `must be from ${low} to ${high}`;
    throw validationError(path, `value ${value.value.slice(0, 40)} invalid, ${range}`);
  }
  return number;
}

export class Fields {
  readonly #object: object;
  readonly path: string;

  private constructor(object: object, path: string) {
    this.#object = object;
    this.path = path;
  }

  static of(value: unknown, path = ''): Fields {
    if (!isPlainObject(value)) throw expected(path, 'an object', value);
    return new Fields(value, path);
  }

  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** null and absent are the same: fields of the original are optional that way. */
  get(name: string): unknown {
    if (!Object.hasOwn(this.#object, name)) return undefined;
    const value: unknown = Reflect.get(this.#object, name);
    return value === null ? undefined : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  required(name: string): unknown {
    const value = this.get(name);
    if (value === undefined) throw formatError(this.path, `missing field \`${name}\``);
    return value;
  }

  /** Reads a field that may be missing. */
  read<T>(name: string, decode: (value: unknown, path: string) => T): T | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : decode(value, this.at(name));
  }

  bool(name: string): boolean | undefined {
    return this.read(name, asBool);
  }

  text(name: string): string | undefined {
    return this.read(name, asText);
  }

  float(name: string): number | undefined {
    return this.read(name, asFloat);
  }

  count(name: string, bounds: Partial<Bounds> = {}): number | undefined {
    return this.read(name, (value, path) => asCount(value, path, bounds));
  }

  list(name: string): readonly unknown[] | undefined {
    return this.read(name, asList);
  }

  object(name: string): Fields | undefined {
    return this.read(name, (value, path) => Fields.of(value, path));
  }

  /** Fields of the original that this version cannot act on: refused by name, never ignored. */
  refuse(...names: readonly string[]): void {
    const given = names.find((name) => this.has(name));
    if (given !== undefined) throw notServed(this.at(given));
  }
}

export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/** `fields` without those that are undefined, for types whose optional fields may not be undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
