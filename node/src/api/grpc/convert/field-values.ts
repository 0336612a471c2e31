/** Reading of single fields: refusals that name the field, and 64-bit numbers brought into their ranges. */
import { ServiceError } from '../../../errors.js';

/** Refuses something of the API that this version does not do. */
export function notServed(field: string): ServiceError {
  return new ServiceError('bad-request', `${field} is not supported by this version`);
}

/** A value that decodes and is not allowed. */
export function invalid(field: string, problem: string): ServiceError {
  return new ServiceError('validation', `Validation error: [${field}: ${problem}]`);
}

export function missing(field: string): ServiceError {
  return new ServiceError('bad-input', `${field} is required`);
}

/** An enum number that the protos do not name. */
export function unknownVariant(field: string, value: number): ServiceError {
  return invalid(field, `unknown value ${value}`);
}

/** Fields that must be unset because nothing here acts on them. */
export function refuse(fields: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(fields).find(([, value]) => value !== undefined);
  if (given !== undefined) throw notServed(given[0]);
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Counts and sizes end here: beyond it no answer would be possible anyway. */
const largestCount = 2 ** 32 - 1;

export function count(value: bigint | number, field: string, { min = 0, max = largestCount }: Bounds = {}): number {
  const number = Number(value);
  if (number < min || number > max) throw invalid(field, `value ${value} invalid, must be from ${min} to ${max}`);
  return number;
}

export function optionalCount(
  value: bigint | number | undefined,
  field: string,
  bounds: Bounds = {},
): number | undefined {
  return value === undefined ? undefined : count(value, field, bounds);
}

export function finite(value: number, field: string): number {
  if (!Number.isFinite(value)) throw invalid(field, `value ${value} is not a finite number`);
  return value;
}

/** `fields` without those that are undefined, for types whose optional fields may not be undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
