/**
 * The controller of StatefulSets in the simulated world, as far as ours uses them: Parallel, OnDelete, claims that are
 * kept. What it does is held to the real one by the contract suite of the controllers.
 */
import { createHash } from 'node:crypto';
import type { V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import type { VirtualClock } from '../virtual-clock.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';

const syncDelayMs = 30;
export const claimProtection = 'kubernetes.io/pvc-protection';

export class SetController {
  readonly #server: FakeApiServer;
  readonly #clock: VirtualClock;
  #scheduled = false;

  constructor(server: FakeApiServer, clock: VirtualClock) {
    this.#server = server;
    this.#clock = clock;
    server.subscribe(({ kind }) => {
      if (kind === 'StatefulSet' || kind === 'Pod' || kind === 'PersistentVolumeClaim') this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(syncDelayMs, () => {
      this.#scheduled = false;
      for (const set of this.#server.list('StatefulSet').items) this.#sync(set);
    });
  }

  #sync(set: V1StatefulSet): void {
    if (set.metadata?.deletionTimestamp !== undefined) return;
    const name = set.metadata?.name ?? '';
    const namespace = set.metadata?.namespace ?? '';
    const revision = revisionOf(set);
    const replicas = set.spec?.replicas ?? 1;
    const pods = this.#server
      .list('Pod', { namespace })
      .items.filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === set.metadata?.uid) === true);
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      const pod = pods.find(({ metadata }) => metadata?.name === `${name}-${ordinal}`);
      // Of a pod that does not run yet the claims may have gone meanwhile.
      if (pod !== undefined && pod.status?.phase === 'Running') continue;
      const claimsAreThere = this.#makeClaims(set, ordinal);
      if (pod !== undefined || !claimsAreThere) continue;
      if (this.#server.get('Pod', { namespace, name: `${name}-${ordinal}` }) !== null) continue;
      this.#server.create('Pod', namespace, podOf(set, ordinal, revision));
    }
    for (const { metadata } of pods) {
      const podName = metadata?.name ?? '';
      const above = Number(podName.slice(name.length + 1)) >= replicas;
      if (above && metadata?.deletionTimestamp === undefined) {
        this.#server.delete('Pod', { namespace, name: podName }, {});
      }
    }
    this.#server.update('StatefulSet', { namespace, name }, (draft) => {
      draft.status = {
        ...{ replicas: pods.length, observedGeneration: set.metadata?.generation ?? 1 },
        readyReplicas: pods.filter(isReady).length,
        // Of a set that is OnDelete it stays what it was first.
        currentRevision: set.status?.currentRevision ?? revision,
        updateRevision: revision,
        updatedReplicas: pods.filter((pod) => pod.metadata?.labels?.['controller-revision-hash'] === revision).length,
      };
    });
  }

  /** False while one of them is still being deleted: its pod is made after that. */
  #makeClaims(set: V1StatefulSet, ordinal: number): boolean {
    const namespace = set.metadata?.namespace ?? '';
    let complete = true;
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      const name = claimName(set, template.metadata?.name ?? '', ordinal);
      const live = this.#server.get('PersistentVolumeClaim', { namespace, name });
      if (live !== null) {
        if (live.metadata?.deletionTimestamp !== undefined) complete = false;
        continue;
      }
      this.#server.create('PersistentVolumeClaim', namespace, {
        metadata: {
          ...template.metadata,
          name,
          labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
          finalizers: [claimProtection],
        },
        ...(template.spec === undefined ? {} : { spec: template.spec }),
      });
    }
    return complete;
  }
}

function claimName(set: V1StatefulSet, template: string, ordinal: number): string {
  return `${template}-${set.metadata?.name ?? ''}-${ordinal}`;
}

function revisionOf(set: V1StatefulSet): string {
  const hash = createHash('sha1').update(JSON.stringify(set.spec?.template)).digest('hex').slice(0, 10);
  return `${set.metadata?.name ?? ''}-${hash}`;
}

function podOf(set: V1StatefulSet, ordinal: number, revision: string): V1Pod {
  const { name = '', uid = '' } = set.metadata ?? {};
  const template = set.spec?.template;
  const podName = `${name}-${ordinal}`;
  return {
    metadata: {
      name: podName,
      labels: {
        ...template?.metadata?.labels,
        'apps.kubernetes.io/pod-index': String(ordinal),
        'controller-revision-hash': revision,
        'statefulset.kubernetes.io/pod-name': podName,
      },
      annotations: { ...template?.metadata?.annotations },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true }],
    },
    spec: {
      ...template?.spec,
      containers: template?.spec?.containers ?? [],
      hostname: podName,
      ...(set.spec?.serviceName === undefined ? {} : { subdomain: set.spec.serviceName }),
      volumes: [
        ...(template?.spec?.volumes ?? []),
        ...(set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({
          name: metadata?.name ?? '',
          persistentVolumeClaim: { claimName: claimName(set, metadata?.name ?? '', ordinal) },
        })),
      ],
    },
  };
}

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
