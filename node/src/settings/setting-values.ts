/**
 * Leaf schemas of the settings. Values of the environment are text, and text in a YAML file is taken
 * the same way, so every leaf reads its value from text too.
 */
import { z } from 'zod';

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : value;
}

export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  return z.preprocess(fromText, z.number().int().min(minimum).max(maximum));
}

export function fraction(minimum: number, maximum: number) {
  return z.preprocess(fromText, z.number().min(minimum).max(maximum));
}

export const flag = z.preprocess((value) => {
  if (typeof value !== 'string') return value;
  const text = value.trim().toLowerCase();
  if (text === 'true') return true;
  return text === 'false' ? false : value;
}, z.boolean());

/** A number or bool where text is meant (an api key of digits) is its text. */
export const text = z.preprocess(
  (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
  z.string(),
);

/** Empty text is "not set", as in the original: charts write empty keys. */
export const optionalText = z.preprocess((value) => (value === '' ? null : value), text.nullable()).default(null);

/** Empty text from the environment unsets a value that may be null. */
export function nullable<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === '' ? null : value), schema.nullable()).default(null);
}

/** A mapping of keys. One without any (its lines commented out) reads as null in YAML and has its defaults. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.preprocess((value) => value ?? {}, z.object(shape)).prefault({});
}
