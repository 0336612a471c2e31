/** The user's metadata of a collection after a change: key by key, and null removes a key. */
import { parse, stringify } from 'lossless-json';

function fieldsOf(text: string): [string, unknown][] {
  const value = parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** Both are texts of JSON objects; numbers stay as they were written. */
export function mergedMetadata(stored: string | null, change: string): string {
  const merged = new Map<string, unknown>(fieldsOf(stored ?? '{}'));
  for (const [key, value] of fieldsOf(change)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return stringify(Object.fromEntries(merged)) ?? '{}';
}
