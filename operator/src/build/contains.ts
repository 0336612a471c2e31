/**
 * Whether a live object has everything that is wanted of it. The API server fills in defaults, and others may add
 * labels or containers of their own, so equality would never hold; quantities come back in another spelling.
 */
import { parseQuantity } from '../api/quantity.js';

/** Maps whose values are quantities. */
const quantityMaps: ReadonlySet<string> = new Set(['limits', 'requests', 'capacity']);
const quantityFields: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);

export function contains(live: unknown, wanted: unknown): boolean {
  return containsAt(live, wanted, [], 0);
}

/** Manifests are not deep; what is deeper than this was made to exhaust the stack. */
const depthLimit = 64;

function containsAt(live: unknown, wanted: unknown, path: readonly string[], depth: number): boolean {
  if (wanted === undefined) return true;
  if (depth > depthLimit) return false;
  if (Array.isArray(wanted)) return containsList(live, wanted, path, depth);
  if (isMapping(wanted)) {
    const entries = Object.entries(wanted);
    // The API server leaves out what is empty.
    if (live === undefined || live === null) return entries.every(([, value]) => isEmpty(value));
    if (!isMapping(live)) return false;
    return entries.every(([key, value]) =>
      containsAt(Object.hasOwn(live, key) ? live[key] : undefined, value, [...path, key], depth + 1),
    );
  }
  if (wanted === null) return live === null || live === undefined;
  return sameScalar(live, wanted, path);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMapping(value) && Object.values(value).every(isEmpty);
}

function sameScalar(live: unknown, wanted: unknown, path: readonly string[]): boolean {
  if (live === wanted) return true;
  if (wanted instanceof Date || live instanceof Date) return timeOf(live) === timeOf(wanted);
  const isQuantity = quantityMaps.has(path.at(-2) ?? '') || quantityFields.has(path.at(-1) ?? '');
  if (!isQuantity || !isScalar(live) || !isScalar(wanted)) return false;
  const [have, want] = [parseQuantity(String(live)), parseQuantity(String(wanted))];
  // Some spellings differ in the last digit of a double.
  return have !== null && want !== null && Math.abs(have - want) <= Math.abs(want) * 1e-12;
}

function timeOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function containsList(live: unknown, wanted: readonly unknown[], path: readonly string[], depth: number): boolean {
  if (live === undefined || live === null) return wanted.length === 0;
  if (!Array.isArray(live)) return false;
  const items: readonly unknown[] = live;
  const keyed = wanted.map(identity);
  if (wanted.length === 0 || keyed.includes(null)) {
    return (
      items.length === wanted.length && wanted.every((item, index) => containsAt(items[index], item, path, depth + 1))
    );
  }
  const byIdentity = new Map(items.map((item) => [identity(item), item]));
  return wanted.every((item, index) => containsAt(byIdentity.get(keyed[index] ?? null), item, path, depth + 1));
}

/** What tells the members of a list apart where their order says nothing; null for a list that is one value. */
function identity(item: unknown): string | null {
  if (!isMapping(item)) return null;
  // A volume may be mounted twice.
  if (typeof item['mountPath'] === 'string') return `mount ${item['mountPath']}`;
  if (typeof item['uid'] === 'string') return `uid ${item['uid']}`;
  if (typeof item['name'] === 'string') return `name ${item['name']}`;
  const metadata = item['metadata'];
  return isMapping(metadata) && typeof metadata['name'] === 'string' ? `object ${metadata['name']}` : null;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
