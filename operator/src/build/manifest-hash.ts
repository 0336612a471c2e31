/** Tells whether two manifests say the same, whatever the order of their keys. */
import { createHash } from 'node:crypto';
import type { GroupNames } from '../api/group.js';
import type { Manifest } from '../k8s/kubernetes-api.js';

/** 64 bits are enough to tell versions of one object apart, and short enough for a name. */
const hexDigits = 16;

export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, hexDigits);
}

/** Like JSON, with sorted keys and without what is undefined. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Date) return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${entries.join(',')}}`;
}

/** The manifest with its hash in an annotation, which is how a later pass knows what was applied last. */
export function withManifestHash<M extends Manifest>(manifest: M, group: GroupNames): M {
  const annotations = { ...manifest.metadata.annotations, [group.annotations.manifestHash]: hashOf(manifest) };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
