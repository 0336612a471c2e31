/** Does to one cluster what a pass has decided: base objects, status, steps. It knows the objects as the pass saw them. */
import type { V1Pod } from '@kubernetes/client-node';
import type { ClusterStatus } from '../api/cluster-status.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { specDefaults } from '../api/spec-defaults.js';
import type { Assessment } from '../assess/assessment.js';
import { bootstrapRecord } from '../build/bootstrap-record.js';
import { clusterBase, type BuildSettings } from '../build/cluster-base.js';
import { hashOf, withManifestHash } from '../build/manifest-hash.js';
import { objectNames } from '../build/names.js';
import { wantedObjects } from '../build/wanted-objects.js';
import type { Clock } from '../clock.js';
import type { KubernetesApi, Manifest, ObjectName } from '../k8s/kubernetes-api.js';
import { endpointOfPod, type NodeAccess } from '../observe/endpoint-of-pod.js';
import type { BootstrapClaim, Observation } from '../observe/observation.js';
import type { ClusterObjects } from '../observe/observe.js';
import { fencedSteps, type Step } from '../plan/step.js';
import type { QdrantNode, QdrantNodes } from '../qdrant/qdrant-api.js';
import { applyBaseObjects, onlyIfUnchanged, type BaseResult, type LiveObject } from './base-objects.js';
import { applyStep } from './apply-step.js';
import { assertLeads, type Fence } from './fence.js';
import { applyVolumeOwners } from './volume-owners.js';

export interface HandsDependencies {
  readonly kubernetes: KubernetesApi;
  readonly nodes: QdrantNodes;
  readonly clock: Clock;
  readonly fence: Fence;
  readonly build: BuildSettings;
}

export interface SeenCluster {
  readonly objects: ClusterObjects;
  /** Of the kinds of base objects, all that carry the label of the cluster. */
  readonly live: readonly LiveObject[];
  readonly access: NodeAccess;
  readonly observation: Observation;
  readonly assessment: Assessment;
}

/**
 * The lead has to last for twice this before anything is sent that takes something away: less than half of what a
 * Lease lasts, so that a leader which renews in time always can.
 */
export const fencedCallTimeoutMs = 5000;

export class ClusterHands {
  readonly #dependencies: HandsDependencies;
  readonly #seen: SeenCluster;
  /** As of the last write of its status. */
  #resource: QdrantClusterResource;

  constructor(dependencies: HandsDependencies, seen: SeenCluster) {
    this.#dependencies = dependencies;
    this.#seen = seen;
    this.#resource = seen.objects.resource;
  }

  async baseObjects(wanted: { readonly replicas: number; readonly disruptionAllowed: boolean }): Promise<BaseResult> {
    const { kubernetes, fence, build } = this.#dependencies;
    const { objects, live } = this.#seen;
    const { namespace, name } = this.#name();
    const result = await applyBaseObjects({
      kubernetes,
      fence,
      cluster: { namespace, name, uid: objects.resource.metadata.uid ?? '' },
      // A set is never lowered here: only the step that shrinks it knows that its last peer has left.
      wanted: this.#wanted(Math.max(wanted.replicas, objects.set?.spec?.replicas ?? 0), wanted.disruptionAllowed),
      live,
      neededConfigMaps: new Set([objectNames(objects.resource).bootstrapRecord, ...settingsInUse(objects)]),
    });
    const retention = objects.resource.spec.operator?.persistentVolumeClaimRetention;
    const volumeChanges = await applyVolumeOwners({
      ...{ kubernetes, fence, namespace, owner: clusterBase(objects.resource, build).owner },
      whenDeleted: retention?.whenDeleted ?? specDefaults.operator.persistentVolumeClaimRetention.whenDeleted,
      volumes: objects.volumes,
    });
    return { ...result, changes: [...result.changes, ...volumeChanges] };
  }

  /** Only over the version that this pass has read: whoever wrote in between knows something else. */
  async writeStatus(status: ClusterStatus, always: boolean): Promise<void> {
    const before: ClusterStatus = this.#resource.status ?? {};
    if (!always && hashOf(status) === hashOf(before)) return;
    const { kubernetes, fence } = this.#dependencies;
    assertLeads(fence);
    const { resourceVersion } = this.#resource.metadata;
    const precondition = resourceVersion === undefined ? {} : { resourceVersion };
    const written = await kubernetes.applyStatus(this.#name(), status, precondition);
    this.#resource = { ...this.#resource, metadata: written.metadata, status };
  }

  /** With its intent in the status already. */
  async take(step: Step): Promise<void> {
    const { kubernetes, fence, build, clock } = this.#dependencies;
    const end = new AbortController();
    const timeout = fencedSteps.has(step.kind) ? new AbortController() : null;
    if (timeout !== null) {
      clock.sleep(fencedCallTimeoutMs, end.signal).then(
        () => timeout.abort(),
        () => undefined,
      );
    }
    try {
      await applyStep(step, {
        kubernetes,
        fence,
        fencedCallTimeoutMs,
        namespace: this.#name().namespace,
        names: build.group,
        assessment: this.#seen.assessment,
        nodeOf: (pod) => this.#nodeOf(pod, timeout?.signal),
        setWith: (replicas) => this.#setWith(replicas),
        writeRecord: (claim) => this.#writeRecord(claim),
        writeClaimStatus: (claim) => this.#writeClaim(claim),
      });
    } finally {
      end.abort();
    }
  }

  #name(): ObjectName {
    const { namespace, name } = this.#resource.metadata;
    return { namespace: namespace ?? '', name: name ?? '' };
  }

  #wanted(replicas: number, disruptionAllowed: boolean): readonly Manifest[] {
    const { resource, set: existingSet } = this.#seen.objects;
    const { build } = this.#dependencies;
    const wanted = wantedObjects(resource, { replicas, disruptionAllowed, existingSet }, build);
    return wanted.map((manifest) => withManifestHash(manifest, build.group));
  }

  #setWith(replicas: number): Manifest {
    const set = this.#wanted(replicas, false).find((manifest) => manifest.kind === 'StatefulSet');
    if (set === undefined) throw new TypeError('A cluster has a set');
    return onlyIfUnchanged(set, this.#seen.objects.set?.metadata);
  }

  #nodeOf(pod: string, signal: AbortSignal | undefined): QdrantNode | null {
    const { observation, access, objects } = this.#seen;
    const observed = observation.pods.find((candidate) => candidate.name === pod);
    if (observed?.ip === null || observed === undefined) return null;
    const { name, uid, ip } = observed;
    const names = objectNames(objects.resource);
    const endpoint = endpointOfPod({ name, uid, ip }, { names, namespace: this.#name().namespace, access });
    return this.#dependencies.nodes.at(endpoint, signal);
  }

  async #writeRecord(claim: BootstrapClaim): Promise<void> {
    const { kubernetes, fence, build } = this.#dependencies;
    assertLeads(fence);
    const base = clusterBase(this.#seen.objects.resource, build);
    await kubernetes.apply(bootstrapRecord(base, claim), this.#name().namespace);
  }

  async #writeClaim({ peer, ordinal, at }: BootstrapClaim): Promise<void> {
    const bootstrap = { peerId: peer, nodeIndex: ordinal, at };
    await this.writeStatus({ ...this.#resource.status, bootstrap }, false);
  }
}

/** ConfigMaps that pods mount, or would mount if the set made one now. */
function settingsInUse({ set, pods }: ClusterObjects): string[] {
  const specs = [set?.spec?.template.spec, ...pods.map((pod: V1Pod) => pod.spec)];
  return specs.flatMap((spec) => (spec?.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []));
}
