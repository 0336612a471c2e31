/**
 * An answer of the API server becomes an object of its kind here, once. What the server itself has validated is taken
 * as it is; what everything rests on (identity, version, times) is checked, so that a proxy's page or half an answer
 * is an error and never an object without a name.
 */
import { apiVersionOf, type KindInfo } from './kinds.js';
import { KubernetesError, type Kind, type ResourceTypes } from './kubernetes-api.js';
import { MicroTime } from './micro-time.js';

export type JsonObject = Record<string, unknown>;

const metadataTimes = [
  ['metadata', 'creationTimestamp'],
  ['metadata', 'deletionTimestamp'],
];
/** With microseconds in the API, which `Date` would cut when it is written back. */
const microTimes: ReadonlySet<string> = new Set(['acquireTime', 'renewTime', 'eventTime', 'lastObservedTime']);

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Changes the value that it is given. Items of a list carry no kind of their own. */
export function parseObject<K extends Kind>(kind: K, info: KindInfo, value: unknown): ResourceTypes[K] {
  if (isJsonObject(value)) {
    value['kind'] ??= kind;
    value['apiVersion'] ??= apiVersionOf(info);
    const metadata = value['metadata'];
    // Written by every manager of every field, read by nobody here, and often larger than the rest of the object.
    if (isJsonObject(metadata)) delete metadata['managedFields'];
    for (const path of metadataTimes) parseTimes(value, path);
    for (const path of info.times) parseTimes(value, path);
    if (isResource(kind, value)) return value;
  }
  throw new KubernetesError('unavailable', `the API server's answer is not a ${kind}`);
}

function isResource<K extends Kind>(kind: K, value: JsonObject): value is JsonObject & ResourceTypes[K] {
  const metadata = value['metadata'];
  return (
    value['kind'] === kind &&
    isJsonObject(metadata) &&
    isName(metadata['name']) &&
    isName(metadata['uid']) &&
    isName(metadata['resourceVersion']) &&
    isMap(metadata['labels']) &&
    isMap(metadata['annotations']) &&
    (value['spec'] === undefined || isJsonObject(value['spec'])) &&
    (value['status'] === undefined || isJsonObject(value['status']))
  );
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isMap(value: unknown): boolean {
  return (
    value === undefined ||
    (isJsonObject(value) && Object.values(value).every((entry): boolean => typeof entry === 'string'))
  );
}

function parseTimes(value: unknown, path: readonly string[]): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (head === '*') {
    if (Array.isArray(value) && rest.length > 0) for (const item of value) parseTimes(item, rest);
    else if (isJsonObject(value)) for (const key of Object.keys(value)) parseTimes(value, [key, ...rest]);
  } else if (isJsonObject(value) && rest.length > 0) {
    parseTimes(value[head], rest);
  } else if (isJsonObject(value)) {
    const time = parseTime(head, value[head]);
    if (time === undefined) Reflect.deleteProperty(value, head);
    else value[head] = time;
  }
}

function parseTime(field: string, value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined;
  const time = microTimes.has(field) ? new MicroTime(value) : new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
