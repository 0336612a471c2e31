/**
 * The API server of the simulated world, in one process on its clock: objects with versions, ownership of fields,
 * watches and garbage collection, as far as the operator depends on them. What it does, the contract suite asks of a
 * real one too. The operator reaches it through a FakeKubernetes; the world's controllers read and write it here.
 */
import type { ClusterGroup } from '../../../src/k8s/kinds.js';
import { kindInfo } from '../../../src/k8s/kinds.js';
import {
  type MetadataChange,
  KubernetesError,
  type Kind,
  type ListOptions,
  type ObjectName,
  type Precondition,
  type ResourceList,
  type ResourceTypes,
  type VersionPrecondition,
  type WatchOptions,
} from '../../../src/k8s/kubernetes-api.js';
import { isJsonObject, type JsonObject } from '../../../src/k8s/parse-object.js';
import type { VirtualClock } from '../virtual-clock.js';
import { ChangeLog, type StoredChange } from './change-log.js';
import { applyFields, stillOwned } from './field-ownership.js';
import { labelMatch } from './label-selector.js';
import {
  jsonOf,
  metadataOf,
  parsed,
  sameContent,
  sameSpec,
  storedObject,
  textOf,
  type AppliedFields,
  type StoredEntry,
  type StoredObject,
} from './stored-object.js';
import type { WatchStream } from './watch-stream.js';

/** How long after its owner an object goes. */
const collectionDelayMs = 100;
const withGeneration: ReadonlySet<Kind> = new Set(['QdrantCluster', 'StatefulSet', 'PodDisruptionBudget']);
const nothingApplied: AppliedFields = { main: {}, status: {} };

export class FakeApiServer {
  readonly clock: VirtualClock;
  readonly cluster: ClusterGroup;
  readonly #changes: ChangeLog;
  readonly #entries = new Map<string, StoredEntry>();
  #lastUid = 0;

  constructor(clock: VirtualClock, cluster: ClusterGroup = { group: 'qdrantcluster.dev', version: 'v1' }) {
    this.clock = clock;
    this.cluster = cluster;
    this.#changes = new ChangeLog(clock, cluster);
  }

  // For the controllers of the world, and for tests.

  /** After every write, in order; a listener may write. Returns what ends it. */
  subscribe(listener: (change: StoredChange) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** How far watches lag behind from now on. */
  set watchDelayMs(delayMs: number) {
    this.#changes.watchDelayMs = delayMs;
  }

  /** Open watches hear nothing more and do not end. */
  silenceWatches(): void {
    this.#changes.silenceWatches();
  }

  endWatches(): void {
    this.#changes.endWatches();
  }

  /** No watch can be opened from an older version than the present one. */
  compact(): void {
    this.#changes.compact();
  }

  /** Whatever is in it, status and deletion included, is written as the change leaves it. */
  update<K extends Kind>(kind: K, name: ObjectName, change: (object: ResourceTypes[K]) => void): ResourceTypes[K] {
    const entry = this.#existing(kind, name);
    const draft = parsed(kind, this.cluster, entry.object);
    change(draft);
    const next = storedObject(kind, this.cluster, jsonOf(draft), {});
    return this.#write(kind, entry, next, ownedIn(entry.applied, next));
  }

  /** The kubelet's last word on a pod: its grace is over. */
  finishDeletion(kind: Kind, name: ObjectName): void {
    const entry = this.#entries.get(keyOf(kind, name));
    if (entry?.object.metadata.deletionTimestamp === undefined) return;
    const metadata = { ...entry.object.metadata, deletionGracePeriodSeconds: 0 };
    this.#write(kind, entry, { ...entry.object, metadata }, entry.applied);
  }

  // What a request does.

  get<K extends Kind>(kind: K, name: ObjectName): ResourceTypes[K] | null {
    const entry = this.#entries.get(keyOf(kind, name));
    return entry === undefined ? null : parsed(kind, this.cluster, entry.object);
  }

  list<K extends Kind>(kind: K, options: ListOptions = {}): ResourceList<ResourceTypes[K]> {
    const matches = labelMatch(options.labelSelector);
    const items: ResourceTypes[K][] = [];
    for (const [key, { object }] of [...this.#entries].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (!key.startsWith(`${kind}/`) || !matches(object.metadata.labels)) continue;
      if (options.namespace !== undefined && object.metadata.namespace !== options.namespace) continue;
      items.push(parsed(kind, this.cluster, object));
    }
    return { resourceVersion: this.#changes.version, items };
  }

  watch<K extends Kind>(kind: K, options: WatchOptions, signal: AbortSignal): WatchStream<ResourceTypes[K]> {
    return this.#changes.watch(kind, options, signal);
  }

  create<K extends Kind>(kind: K, namespace: string, object: ResourceTypes[K]): ResourceTypes[K] {
    return this.#create(kind, namespace, jsonOf(object), nothingApplied);
  }

  replace<K extends Kind>(kind: K, name: ObjectName, object: ResourceTypes[K]): ResourceTypes[K] {
    const body = jsonOf(object);
    const precondition = preconditionIn(body);
    if (precondition.resourceVersion === undefined) {
      throw new KubernetesError('invalid', 'metadata.resourceVersion is missing in what replaces an object');
    }
    const entry = this.#entries.get(keyOf(kind, name));
    if (entry === undefined) throw new KubernetesError('conflict', `${kind} ${name.name} exists no more`);
    assertPrecondition(entry.object, precondition);
    const next = storedObject(kind, this.cluster, this.#withStatusOf(kind, body, entry.object), {
      uid: entry.object.metadata.uid,
    });
    return this.#write(kind, entry, next, ownedIn(entry.applied, next));
  }

  apply<K extends Kind>(kind: K, namespace: string, manifest: JsonObject): ResourceTypes[K] {
    const name = textOf(metadataOf(manifest), 'name');
    if (name === undefined) throw new KubernetesError('invalid', 'metadata.name is missing in what is applied');
    const entry = this.#entries.get(keyOf(kind, { namespace, name }));
    const precondition = preconditionIn(manifest);
    const wanted = withoutServerFields(kindInfo(kind, this.cluster).hasStatus, manifest);
    if (entry === undefined) {
      if (precondition.uid !== undefined) {
        throw new KubernetesError('conflict', `${kind} ${name} does not exist, and its uid was given`);
      }
      return this.#create(kind, namespace, wanted, { main: wanted, status: {} });
    }
    assertPrecondition(entry.object, precondition);
    const live = applyFields(entry.object, entry.applied.main, wanted);
    const next = storedObject(kind, this.cluster, live, {});
    return this.#write(kind, entry, next, { ...entry.applied, main: wanted });
  }

  applyStatus(name: ObjectName, status: JsonObject, precondition: VersionPrecondition): ResourceTypes['QdrantCluster'] {
    const kind = 'QdrantCluster';
    const entry = this.#existing(kind, name);
    assertPrecondition(entry.object, precondition);
    const live = isJsonObject(entry.object['status']) ? entry.object['status'] : {};
    const next = { ...entry.object, status: applyFields(live, entry.applied.status, status) };
    return this.#write(kind, entry, next, { ...entry.applied, status });
  }

  patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): ResourceTypes[K] {
    const entry = this.#existing(kind, name);
    assertPrecondition(entry.object, precondition);
    const metadata: JsonObject = { ...entry.object.metadata };
    for (const part of ['labels', 'annotations'] as const) {
      const map: JsonObject = isJsonObject(metadata[part]) ? { ...metadata[part] } : {};
      for (const [key, value] of Object.entries(change[part] ?? {})) map[key] = value ?? undefined;
      metadata[part] = map;
    }
    const owners = change.ownerReferences;
    if (owners !== undefined) {
      metadata['ownerReferences'] = owners.length === 0 ? undefined : owners.map((owner) => jsonOf(owner));
    }
    const next = storedObject(
      kind,
      this.cluster,
      jsonOf({ ...entry.object, metadata: withoutEmptyMaps(metadata) }),
      {},
    );
    return this.#write(kind, entry, next, ownedIn(entry.applied, next));
  }

  delete(kind: Kind, name: ObjectName, precondition: Precondition): void {
    const entry = this.#entries.get(keyOf(kind, name));
    if (entry === undefined) return;
    assertPrecondition(entry.object, precondition);
    if (entry.object.metadata.deletionTimestamp !== undefined) return;
    const graceSeconds = gracePeriodSeconds(kind, entry.object);
    const metadata = {
      ...entry.object.metadata,
      deletionTimestamp: new Date(wholeSecond(this.clock.nowMs()) + graceSeconds * 1000).toISOString(),
      deletionGracePeriodSeconds: graceSeconds,
    };
    this.#write(kind, entry, { ...entry.object, metadata }, entry.applied);
  }

  #create<K extends Kind>(kind: K, namespace: string, body: JsonObject, applied: AppliedFields): ResourceTypes[K] {
    const info = kindInfo(kind, this.cluster);
    const name = textOf(metadataOf(body), 'name') ?? '';
    const key = keyOf(kind, { namespace, name });
    if (this.#entries.has(key)) throw new KubernetesError('already-exists', `${kind} ${name} exists already`);
    this.#lastUid += 1;
    const own = {
      ...(info.namespaced ? { namespace } : {}),
      uid: `00000000-0000-4000-8000-${String(this.#lastUid).padStart(12, '0')}`,
      resourceVersion: this.#changes.nextVersion(),
      creationTimestamp: new Date(wholeSecond(this.clock.nowMs())).toISOString(),
      ...(withGeneration.has(kind) ? { generation: 1 } : {}),
    };
    const object = storedObject(kind, this.cluster, info.hasStatus ? { ...body, status: undefined } : body, own);
    this.#entries.set(key, { object, applied });
    this.#changes.record({ kind, before: null, after: object });
    this.#collectLater(kind, object);
    return parsed(kind, this.cluster, object);
  }

  #write<K extends Kind>(kind: K, entry: StoredEntry, wanted: StoredObject, applied: AppliedFields): ResourceTypes[K] {
    const key = keyOf(kind, entry.object.metadata);
    if (sameContent(entry.object, wanted)) {
      this.#entries.set(key, { object: entry.object, applied });
      return parsed(kind, this.cluster, entry.object);
    }
    const { generation } = entry.object.metadata;
    const moved = generation !== undefined && !sameSpec(entry.object, wanted);
    const object: StoredObject = {
      ...wanted,
      metadata: {
        ...wanted.metadata,
        resourceVersion: this.#changes.nextVersion(),
        ...(generation === undefined ? {} : { generation: moved ? generation + 1 : generation }),
      },
    };
    if (isGone(object)) {
      this.#entries.delete(key);
      this.#changes.record({ kind, before: entry.object, after: null, last: object });
      this.#collectDependents(object.metadata.uid);
    } else {
      this.#entries.set(key, { object, applied });
      this.#changes.record({ kind, before: entry.object, after: object });
      this.#collectLater(kind, object);
    }
    return parsed(kind, this.cluster, object);
  }

  #existing(kind: Kind, name: ObjectName): StoredEntry {
    const entry = this.#entries.get(keyOf(kind, name));
    if (entry === undefined) throw new KubernetesError('not-found', `${kind} ${name.name} does not exist`);
    return entry;
  }

  #withStatusOf(kind: Kind, body: JsonObject, live: StoredObject): JsonObject {
    return kindInfo(kind, this.cluster).hasStatus ? { ...body, status: live['status'] } : body;
  }

  #collectDependents(owner: string): void {
    for (const [key, { object }] of this.#entries) {
      if (object.metadata.ownerReferences?.some(({ uid }) => uid === owner)) this.#collectLater(kindOf(key), object);
    }
  }

  /** An object goes when it names owners and none of them exists, even if they never did. */
  #collectLater(kind: Kind, object: StoredObject): void {
    if (!this.#isOrphan(object)) return;
    this.clock.after(collectionDelayMs, () => {
      const entry = this.#entries.get(keyOf(kind, object.metadata));
      if (entry?.object.metadata.uid !== object.metadata.uid || !this.#isOrphan(entry.object)) return;
      this.delete(kind, { namespace: entry.object.metadata.namespace ?? '', name: object.metadata.name }, {});
    });
  }

  #isOrphan({ metadata }: StoredObject): boolean {
    const owners = metadata.ownerReferences ?? [];
    if (owners.length === 0) return false;
    const uids = new Set([...this.#entries.values()].map(({ object }) => object.metadata.uid));
    return owners.every(({ uid }) => !uids.has(uid));
  }
}

function keyOf(kind: Kind, name: { readonly namespace?: string; readonly name: string }): string {
  return `${kind}/${kind === 'Node' ? '' : (name.namespace ?? '')}/${name.name}`;
}

const kinds: readonly Kind[] = [
  'QdrantCluster',
  'StatefulSet',
  'Service',
  'ConfigMap',
  'PodDisruptionBudget',
  'Pod',
  'PersistentVolumeClaim',
  'Node',
  'Secret',
  'Lease',
  'Event',
];

function kindOf(key: string): Kind {
  const kind = kinds.find((candidate) => key.startsWith(`${candidate}/`));
  if (kind === undefined) throw new Error(`no kind in ${key}`);
  return kind;
}

function preconditionIn(body: JsonObject): Precondition {
  const uid = textOf(metadataOf(body), 'uid');
  const resourceVersion = textOf(metadataOf(body), 'resourceVersion');
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

function assertPrecondition({ metadata }: StoredObject, { uid, resourceVersion }: Precondition): void {
  if (uid !== undefined && uid !== metadata.uid) {
    throw new KubernetesError('conflict', `${metadata.name} has another uid than ${uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw new KubernetesError('conflict', `${metadata.name} has been changed since version ${resourceVersion}`);
  }
}

function withoutServerFields(hasStatus: boolean, manifest: JsonObject): JsonObject {
  const serverFields = new Set(['uid', 'resourceVersion', 'namespace']);
  const metadata = Object.entries(metadataOf(manifest)).filter(([field]) => !serverFields.has(field));
  const rest = Object.entries(manifest).filter(([field]) => field !== 'status' || !hasStatus);
  return { ...Object.fromEntries(rest), metadata: Object.fromEntries(metadata) };
}

function withoutEmptyMaps(metadata: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => !isJsonObject(value) || Object.keys(jsonOf(value)).length > 0),
  );
}

function ownedIn(applied: AppliedFields, object: StoredObject): AppliedFields {
  const status = isJsonObject(object['status']) ? object['status'] : {};
  return { main: stillOwned(applied.main, object), status: stillOwned(applied.status, status) };
}

/** A pod that is on a node goes when its kubelet says so; everything else at once. */
function gracePeriodSeconds(kind: Kind, object: StoredObject): number {
  const spec = object['spec'];
  if (kind !== 'Pod' || !isJsonObject(spec) || spec['nodeName'] === undefined) return 0;
  const seconds = spec['terminationGracePeriodSeconds'];
  return typeof seconds === 'number' ? seconds : 30;
}

function isGone({ metadata }: StoredObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
