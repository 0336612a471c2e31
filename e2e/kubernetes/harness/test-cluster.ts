/** A QdrantCluster in a namespace of a test: what a user does to it, and what can be seen of it. */
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { ownGroup } from '../../../operator/src/api/group.js';
import { parseQdrantCluster, type QdrantClusterResource } from '../../../operator/src/api/qdrant-cluster.js';
import { namesOfId, ordinalOf, storageClaimName, type ObjectNames } from '../../../operator/src/build/names.js';
import { waitFor, waitUntil } from '../../harness/waiting.js';
import { core, custom } from './api-server.js';
import { kubectl } from './command.js';
import { QdrantRest, type ClusterInfo } from './qdrant-rest.js';
import { version } from './settings.js';

/** Long enough for a machine that does other things too; what is measured is printed, not asserted. */
const deadlineMs = 180_000;
const pollMs = 250;

export class TestCluster {
  readonly namespace: string;
  readonly name: string;
  readonly names: ObjectNames;

  constructor(namespace: string, id = 'a') {
    this.namespace = namespace;
    this.name = `qdrant-${id}`;
    this.names = namesOfId(id);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(['--namespace', this.namespace, ...args], { timeoutMs: deadlineMs + 10_000 });
  }

  async apply(spec: Readonly<Record<string, unknown>>): Promise<void> {
    const manifest = {
      apiVersion: `${ownGroup}/v1`,
      kind: 'QdrantCluster',
      metadata: { name: this.name, namespace: this.namespace },
      spec: { version, ...spec },
    };
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
  }

  async scale(size: number): Promise<void> {
    await this.kubectl('scale', `qdrantcluster/${this.name}`, `--replicas=${size}`);
  }

  async resource(): Promise<QdrantClusterResource> {
    const parsed = parseQdrantCluster(
      await custom.getNamespacedCustomObject({
        group: ownGroup,
        version: 'v1',
        namespace: this.namespace,
        plural: 'qdrantclusters',
        name: this.name,
      }),
    );
    if (parsed.kind !== 'cluster') throw new Error(parsed.problems.join('; '));
    return parsed.cluster;
  }

  async condition(type: string): Promise<string | undefined> {
    const { status } = await this.resource();
    return status?.conditions?.find((condition) => condition.type === type)?.status;
  }

  /** Healthy in the phase and the conditions, of this spec and not of one before. */
  async isHealthy(size: number): Promise<boolean> {
    const { metadata, spec, status } = await this.resource();
    return (
      spec.size === size &&
      status?.observedGeneration === metadata.generation &&
      status?.phase === 'Healthy' &&
      status.availableNodes === size &&
      status.currentNodes === size &&
      status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
    );
  }

  /** Resolves to how long it took. */
  async healthy(size: number): Promise<number> {
    const started = performance.now();
    await this.until(`${this.name} to be Healthy with ${size} nodes`, () => this.isHealthy(size));
    return performance.now() - started;
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    await waitUntil(holds, { what, deadlineMs, pollMs, shown: () => this.summary() });
  }

  /** The parts of the status that tell what it hangs on. */
  async summary(): Promise<unknown> {
    const { spec, status } = await this.resource();
    const pods = (await this.pods()).map(({ metadata, status: pod }) => {
      const container = pod?.containerStatuses?.[0];
      return `${metadata?.name} ${pod?.phase} ${container?.ready ?? false} ${container?.state?.waiting?.message ?? ''}`;
    });
    return { size: spec.size, ...status, nodes: undefined, pods };
  }

  /** By ordinal. */
  async pods(): Promise<V1Pod[]> {
    const { items } = await core.listNamespacedPod({
      namespace: this.namespace,
      labelSelector: `app.kubernetes.io/instance=${this.names.id}`,
    });
    const ordinal = (pod: V1Pod) => ordinalOf(this.names, pod.metadata?.name ?? '') ?? -1;
    return items.filter((pod) => ordinal(pod) >= 0).sort((left, right) => ordinal(left) - ordinal(right));
  }

  pod(ordinal: number): string {
    return `${this.names.set}-${ordinal}`;
  }

  volume(ordinal: number): string {
    return storageClaimName(this.names, ordinal);
  }

  async volumes(): Promise<V1PersistentVolumeClaim[]> {
    const { items } = await core.listNamespacedPersistentVolumeClaim({ namespace: this.namespace });
    return items.filter(({ metadata }) => metadata?.name?.includes(`-${this.names.set}-`));
  }

  /** The node in a pod, by its address. */
  async node(ordinal: number): Promise<QdrantRest> {
    const pod = await core.readNamespacedPod({ namespace: this.namespace, name: this.pod(ordinal) });
    const address = pod.status?.podIP;
    if (address === undefined) throw new Error(`pod ${this.pod(ordinal)} has no address`);
    return new QdrantRest(address);
  }

  async nodes(): Promise<QdrantRest[]> {
    const addresses = (await this.pods()).map(({ status }) => status?.podIP);
    return addresses.filter((address) => address !== undefined).map((address) => new QdrantRest(address));
  }

  /** As clients reach it. */
  service(): QdrantRest {
    return new QdrantRest(`${this.names.clientService}.${this.namespace}.svc`);
  }

  async views(): Promise<ClusterInfo[]> {
    return Promise.all((await this.nodes()).map((node) => node.cluster()));
  }

  /** The one set of peers that all of `size` nodes name; waits until they agree. */
  async peers(size: number): Promise<string[]> {
    return waitFor(
      async () => {
        const views = await this.views();
        const sets = new Set(views.map(({ peers }) => Object.keys(peers).sort().join()));
        const [set] = sets;
        if (views.length !== size || sets.size !== 1 || set === undefined) return null;
        const peers = set.split(',');
        return peers.length === size ? peers : null;
      },
      { what: `${size} nodes that name the same ${size} peers`, deadlineMs: 30_000, pollMs },
    );
  }

  async remove(): Promise<void> {
    await this.kubectl('delete', `qdrantcluster/${this.name}`, '--wait', '--timeout=60s');
    await this.until('its pods to be gone', async () => (await this.pods()).length === 0);
  }
}
