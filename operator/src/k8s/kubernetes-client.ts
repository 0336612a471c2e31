/** The KubernetesApi over HTTP. */
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import type { Clock } from '../clock.js';
import { Credentials } from './credentials.js';
import { jsonLines } from './json-lines.js';
import { apiVersionOf, kindInfo, type ClusterGroup } from './kinds.js';
import {
  KubernetesError,
  type Kind,
  type KubernetesApi,
  type ListOptions,
  type Manifest,
  type MetadataChange,
  type ObjectName,
  type Precondition,
  type ResourceList,
  type ResourceTypes,
  type VersionPrecondition,
  type WatchEvent,
  type WatchOptions,
} from './kubernetes-api.js';
import { loadAccess } from './load-access.js';
import { isJsonObject, parseObject, type JsonObject } from './parse-object.js';
import { openStream, requestJson, type ApiRequest } from './request.js';
import { statusError } from './response-error.js';

/** In managedFields: whose fields these are, for all times. */
export const fieldManager = 'qdrant-operator';

export interface ClientOptions {
  readonly cluster: ClusterGroup;
  readonly timeoutMs: number;
  readonly pageSize: number;
}

const defaults: ClientOptions = {
  cluster: { group: 'qdrantcluster.dev', version: 'v1' },
  timeoutMs: 10_000,
  pageSize: 500,
};
/** A page of a list is more work than an object, and so is the first answer of a watch. */
const listTimeoutMs = 30_000;
/** A list whose pages expire again and again is read in one piece. */
const maxPagedAttempts = 3;

/** As kubectl with this kubeconfig; null: as kubectl by default, or by the account of the pod. */
export function kubernetesClient(
  kubeconfig: string | null,
  clock: Clock,
  options: Partial<ClientOptions> = {},
): KubernetesClient {
  return new KubernetesClient(new Credentials(() => loadAccess(kubeconfig), clock), options);
}

export class KubernetesClient implements KubernetesApi {
  readonly #credentials: Credentials;
  readonly #options: ClientOptions;

  constructor(credentials: Credentials, options: Partial<ClientOptions> = {}) {
    this.#credentials = credentials;
    this.#options = { ...defaults, ...options };
  }

  close(): void {
    this.#credentials.close();
  }

  async get<K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal): Promise<ResourceTypes[K] | null> {
    try {
      return await this.#object(kind, { method: 'GET', path: this.#path(kind, name), signal });
    } catch (error) {
      if (isKind(error, 'not-found')) return null;
      throw error;
    }
  }

  async list<K extends Kind>(
    kind: K,
    options: ListOptions,
    signal?: AbortSignal,
  ): Promise<ResourceList<ResourceTypes[K]>> {
    for (let attempt = 1; ; attempt += 1) {
      const pageSize = attempt > maxPagedAttempts ? null : this.#options.pageSize;
      try {
        return await this.#listOnce(kind, options, pageSize, signal);
      } catch (error) {
        // The version that the pages are of was compacted between two of them: from the beginning.
        if (pageSize === null || !isKind(error, 'gone')) throw error;
      }
    }
  }

  async *watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ResourceTypes[K]>> {
    const request: ApiRequest = {
      ...{ method: 'GET', path: this.#collectionPath(kind, options.namespace), timeoutMs: listTimeoutMs, signal },
      query: {
        ...{ watch: '1', allowWatchBookmarks: 'true', resourceVersion: options.resourceVersion },
        timeoutSeconds: String(options.timeoutSeconds),
        ...selectorQuery(options),
      },
    };
    try {
      const lines = jsonLines(await openStream(this.#credentials, request));
      yield { kind: 'bookmark', resourceVersion: options.resourceVersion };
      for await (const line of lines) yield this.#watchEvent(kind, line);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  create<K extends Kind>(
    kind: K,
    namespace: string,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    const body = this.#typed(kind, object);
    const path = this.#collectionPath(kind, namespace);
    return this.#object(kind, { method: 'POST', path, body, signal, query: { fieldManager } });
  }

  async replace<K extends Kind>(
    kind: K,
    name: ObjectName,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    if (object.metadata?.resourceVersion === undefined) {
      throw new KubernetesError('invalid', 'metadata.resourceVersion is missing in what replaces an object');
    }
    const body = this.#typed(kind, object);
    return this.#object(kind, { method: 'PUT', path: this.#path(kind, name), body, signal, query: { fieldManager } });
  }

  apply(manifest: Manifest, namespace: string): Promise<ResourceTypes[Kind]> {
    const path = this.#path(manifest.kind, { namespace, name: manifest.metadata.name });
    return this.#object(manifest.kind, this.#applyRequest(path, manifest));
  }

  applyStatus(
    name: ObjectName,
    status: QdrantClusterResource['status'],
    { resourceVersion }: VersionPrecondition,
  ): Promise<QdrantClusterResource> {
    const kind = 'QdrantCluster';
    const metadata = { name: name.name, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    const body = { apiVersion: this.#apiVersion(kind), kind, metadata, status };
    return this.#object(kind, this.#applyRequest(`${this.#path(kind, name)}/status`, body));
  }

  async patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): Promise<ResourceTypes[K]> {
    return this.#object(kind, {
      ...{ method: 'PATCH', path: this.#path(kind, name), contentType: 'application/merge-patch+json' },
      body: { metadata: { ...precondition, ...change } },
      query: { fieldManager },
    });
  }

  async delete(kind: Kind, name: ObjectName, precondition: Precondition): Promise<void> {
    const body = {
      ...{ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
      preconditions: precondition,
    };
    try {
      await this.#json({ method: 'DELETE', path: this.#path(kind, name), body });
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error;
    }
  }

  async #listOnce<K extends Kind>(
    kind: K,
    options: ListOptions,
    pageSize: number | null,
    signal: AbortSignal | undefined,
  ): Promise<ResourceList<ResourceTypes[K]>> {
    const info = kindInfo(kind, this.#options.cluster);
    const items: ResourceTypes[K][] = [];
    let next = '';
    for (;;) {
      const query = {
        ...selectorQuery(options),
        ...(pageSize === null ? {} : { limit: String(pageSize) }),
        ...(next === '' ? {} : { continue: next }),
      };
      const path = this.#collectionPath(kind, options.namespace);
      const page = parsePage(await this.#json({ method: 'GET', path, query, signal, timeoutMs: listTimeoutMs }));
      for (const item of page.items) items.push(parseObject(kind, info, item));
      // The version of every page is that of the first: where a watch goes on.
      if (page.next === '') return { resourceVersion: page.resourceVersion, items };
      next = page.next;
    }
  }

  #watchEvent<K extends Kind>(kind: K, line: string): WatchEvent<ResourceTypes[K]> {
    const event = parseLine(line);
    const info = kindInfo(kind, this.#options.cluster);
    switch (event['type']) {
      case 'ADDED':
        return { kind: 'added', object: parseObject(kind, info, event['object']) };
      case 'MODIFIED':
        return { kind: 'modified', object: parseObject(kind, info, event['object']) };
      case 'DELETED':
        return { kind: 'deleted', object: parseObject(kind, info, event['object']) };
      case 'BOOKMARK':
        return { kind: 'bookmark', resourceVersion: versionIn(event['object']) };
      case 'ERROR':
        throw statusError(event['object']);
      default:
        throw new KubernetesError('unavailable', 'a watch told of something unknown');
    }
  }

  #applyRequest(path: string, body: unknown): Omit<ApiRequest, 'timeoutMs'> {
    const query = { fieldManager, force: 'true' };
    return { method: 'PATCH', path, query, contentType: 'application/apply-patch+yaml', body };
  }

  async #object<K extends Kind>(kind: K, request: Omit<ApiRequest, 'timeoutMs'>): Promise<ResourceTypes[K]> {
    return parseObject(kind, kindInfo(kind, this.#options.cluster), await this.#json(request));
  }

  #json(request: Omit<ApiRequest, 'timeoutMs'> & { readonly timeoutMs?: number }): Promise<unknown> {
    return requestJson(this.#credentials, { timeoutMs: this.#options.timeoutMs, ...request });
  }

  #typed<K extends Kind>(kind: K, object: ResourceTypes[K]): object {
    return { ...object, kind, apiVersion: this.#apiVersion(kind) };
  }

  #apiVersion(kind: Kind): string {
    return apiVersionOf(kindInfo(kind, this.#options.cluster));
  }

  #path(kind: Kind, { namespace, name }: ObjectName): string {
    return `${this.#collectionPath(kind, namespace)}/${segment(name)}`;
  }

  #collectionPath(kind: Kind, namespace: string | undefined): string {
    const { group, version, plural, namespaced } = kindInfo(kind, this.#options.cluster);
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return namespaced && namespace !== undefined
      ? `${root}/namespaces/${segment(namespace)}/${plural}`
      : `${root}/${plural}`;
  }
}

/** An empty name would make a list of a get, and dots would lead elsewhere. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new KubernetesError('invalid', `"${name}" is not a name`);
  return encodeURIComponent(name);
}

function selectorQuery({ labelSelector }: ListOptions): Record<string, string> {
  return labelSelector === undefined ? {} : { labelSelector };
}

function isKind(error: unknown, kind: KubernetesError['kind']): boolean {
  return error instanceof KubernetesError && error.kind === kind;
}

function parsePage(page: unknown): { resourceVersion: string; next: string; items: readonly unknown[] } {
  const metadata = isJsonObject(page) ? page['metadata'] : undefined;
  const items = isJsonObject(page) ? (page['items'] ?? []) : undefined;
  if (!isJsonObject(metadata) || !Array.isArray(items)) {
    throw new KubernetesError('unavailable', "the API server's answer is not a list");
  }
  const next = metadata['continue'];
  return { resourceVersion: versionIn(page), next: typeof next === 'string' ? next : '', items };
}

function versionIn(value: unknown): string {
  const metadata = isJsonObject(value) ? value['metadata'] : undefined;
  const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
  if (typeof version === 'string' && version !== '') return version;
  throw new KubernetesError('unavailable', "the API server's answer has no resourceVersion");
}

function parseLine(line: string): JsonObject {
  try {
    const event: unknown = JSON.parse(line);
    if (isJsonObject(event)) return event;
  } catch {
    // Said below.
  }
  throw new KubernetesError('unavailable', 'a line of a watch is not a JSON object');
}
