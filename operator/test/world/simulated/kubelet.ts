/** Pods of the simulated world from their making to their end, whatever Kubernetes node they are on. */
import type { V1Pod } from '@kubernetes/client-node';
import type { FakeQdrant } from '../fake-qdrant/fake-qdrant.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import type { VirtualClock } from '../virtual-clock.js';
import { PodRun } from './pod-run.js';
import type { VolumeController } from './volume-controller.js';

export interface KubeletWorld {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly qdrant: FakeQdrant;
  readonly volumes: VolumeController;
  /** Annotation with the grant. */
  readonly startAnnotation: string;
}

export const kubernetesNodes = 3;

export class Kubelet {
  readonly #world: KubeletWorld;
  readonly #runs = new Map<string, PodRun>();
  #addresses = 0;

  constructor(world: KubeletWorld) {
    this.#world = world;
    for (let index = 0; index < kubernetesNodes; index += 1) this.#makeNode(index);
    world.server.subscribe(({ kind, before, after }) => {
      if (kind !== 'Pod') return;
      const uid = (after ?? before).metadata.uid;
      if (after === null) {
        this.#runs.get(uid)?.end();
        this.#runs.delete(uid);
        return;
      }
      const pod = world.server.get('Pod', { namespace: after.metadata.namespace ?? '', name: after.metadata.name });
      if (pod === null) return;
      if (before === null) this.#begin(uid, pod);
      else this.#runs.get(uid)?.changed(pod);
    });
  }

  /** Ends the node's process in a pod as the out-of-memory killer does; its container is started again. */
  killProcess(namespace: string, name: string): void {
    const uid = this.#world.server.get('Pod', { namespace, name })?.metadata?.uid;
    this.#runs.get(uid ?? '')?.killProcess();
  }

  #begin(uid: string, pod: V1Pod): void {
    this.#addresses += 1;
    const address = `10.1.${Math.floor(this.#addresses / 250)}.${(this.#addresses % 250) + 1}`;
    // Where its volume is.
    const ordinal = Number(pod.metadata?.labels?.['apps.kubernetes.io/pod-index'] ?? 0);
    this.#runs.set(uid, new PodRun(this.#world, pod, { ip: address, node: `node-${ordinal % kubernetesNodes}` }));
  }

  #makeNode(index: number): void {
    const { server } = this.#world;
    const name = `node-${index}`;
    server.create('Node', '', { metadata: { name, labels: { 'topology.kubernetes.io/zone': `zone-${index}` } } });
    server.update('Node', { namespace: '', name }, (node) => {
      node.status = { conditions: [{ type: 'Ready', status: 'True' }] };
    });
  }
}
