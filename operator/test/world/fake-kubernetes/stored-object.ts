/** Objects as the fake API server keeps them: plain JSON that nobody changes, a new one for each version. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, parseObject, type JsonObject } from '../../../src/k8s/parse-object.js';
import { apiVersionOf, kindInfo, type ClusterGroup } from '../../../src/k8s/kinds.js';
import { KubernetesError, type Kind, type ResourceTypes } from '../../../src/k8s/kubernetes-api.js';

export interface OwnerReference {
  readonly uid: string;
}

export interface StoredMetadata extends JsonObject {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
}

export interface StoredObject extends JsonObject {
  readonly metadata: StoredMetadata;
}

/** What was applied by the operator's field manager and nobody has changed since. */
export interface AppliedFields {
  readonly main: JsonObject;
  readonly status: JsonObject;
}

export interface StoredEntry {
  readonly object: StoredObject;
  readonly applied: AppliedFields;
}

export function jsonOf(value: unknown): JsonObject {
  const copy = jsonCopy(value);
  if (!isJsonObject(copy)) throw new KubernetesError('invalid', 'not an object');
  return copy;
}

/** What JSON would make of it, several times faster than by way of text: every read and write comes by here. */
function jsonCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => jsonCopy(item) ?? null);
  if (value instanceof Date) return value.toISOString();
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) copy[key] = jsonCopy(item);
  return copy;
}

export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isJsonObject(metadata)) throw new KubernetesError('invalid', 'metadata is missing');
  return metadata;
}

export function textOf(map: JsonObject, field: string): string | undefined {
  const value = map[field];
  return typeof value === 'string' ? value : undefined;
}

/** The server's own part of the metadata is set by the caller; here the rest is checked. */
export function storedObject(
  kind: Kind,
  cluster: ClusterGroup,
  body: JsonObject,
  own: Partial<StoredMetadata>,
): StoredObject {
  const metadata = metadataOf(body);
  const name = textOf(metadata, 'name');
  const uid = own.uid ?? textOf(metadata, 'uid');
  const resourceVersion = own.resourceVersion ?? textOf(metadata, 'resourceVersion');
  if (name === undefined || uid === undefined || resourceVersion === undefined) {
    throw new KubernetesError('invalid', `metadata.name is missing in a ${kind}`);
  }
  const apiVersion = apiVersionOf(kindInfo(kind, cluster));
  return { ...body, apiVersion, kind, metadata: { ...metadata, ...own, name, uid, resourceVersion } };
}

/** A copy that its receiver may change. */
export function parsed<K extends Kind>(kind: K, cluster: ClusterGroup, object: StoredObject): ResourceTypes[K] {
  return parseObject(kind, kindInfo(kind, cluster), jsonOf(object));
}

/** Equal but for the version, which a write that changes nothing does not move. */
export function sameContent(one: StoredObject, other: StoredObject): boolean {
  const bare = (object: StoredObject): JsonObject => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: '' },
  });
  return isDeepStrictEqual(bare(one), bare(other));
}

export function sameSpec(one: StoredObject, other: StoredObject): boolean {
  return isDeepStrictEqual(one['spec'], other['spec']);
}
