/** One pod: the first container looks at the volume, the second waits as the start script does, and runs the node. */
import type { V1ContainerStatus, V1Pod, V1PodCondition } from '@kubernetes/client-node';
import type { FakeDisk } from '../fake-qdrant/fake-disk.js';
import type { FakeProcess } from '../fake-qdrant/fake-process.js';
import type { KubeletWorld } from './kubelet.js';

/** Of kubelets, shorter where a real one takes seconds. */
const times = {
  scheduleMs: 20,
  retryScheduleMs: 500,
  witnessMs: 150,
  mainMs: 100,
  /** Until a changed annotation is in the file, and the script has read it. */
  annotationMs: 300,
  probeMs: 1000,
  preStopMs: 3000,
  stopMs: 50,
  firstBackOffMs: 10_000,
  longestBackOffMs: 300_000,
} as const;

export interface Place {
  readonly ip: string;
  readonly node: string;
}

export class PodRun {
  readonly #world: KubeletWorld;
  readonly #place: Place;
  readonly #namespace: string;
  readonly #name: string;
  readonly #uid: string;
  readonly #uri: string;
  readonly #scope: string;
  readonly #claim: string;
  #disk: FakeDisk | null = null;
  #process: FakeProcess | null = null;
  #waitsForGrant = false;
  #grant: string;
  #restarts = 0;
  /** As its status says; null: it says nothing yet. */
  #isReady: boolean | null = null;
  #ended = false;
  #stopping = false;

  constructor(world: KubeletWorld, pod: V1Pod, place: Place) {
    this.#world = world;
    this.#place = place;
    this.#namespace = pod.metadata?.namespace ?? '';
    this.#name = pod.metadata?.name ?? '';
    this.#uid = pod.metadata?.uid ?? '';
    const script = pod.spec?.containers[0]?.env ?? [];
    const uri = script.find(({ name }) => name === 'PEER_URI')?.value ?? '';
    this.#uri = uri.replace('$(POD_NAME)', this.#name);
    // Names of pods are looked up within the namespace, under the headless Service.
    this.#scope = `${this.#namespace}/${pod.spec?.subdomain ?? ''}`;
    const volume = pod.spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
    this.#claim = volume?.persistentVolumeClaim?.claimName ?? '';
    this.#grant = this.#grantOn(pod);
    this.#update((draft) => (draft.status = { phase: 'Pending' }));
    this.#later(times.scheduleMs, () => this.#schedule());
  }

  changed(pod: V1Pod): void {
    if (pod.metadata?.deletionTimestamp !== undefined && !this.#stopping) {
      this.#stopping = true;
      this.#later(times.preStopMs, () => {
        this.#process?.stop();
        this.#later(times.stopMs, () => {
          this.#world.server.finishDeletion('Pod', { namespace: this.#namespace, name: this.#name });
        });
      });
    }
    const grant = this.#grantOn(pod);
    if (grant !== this.#grant) {
      this.#later(times.annotationMs, () => {
        this.#grant = grant;
        this.#readGrant();
      });
    }
  }

  end(): void {
    this.#ended = true;
    this.#process?.stop();
  }

  killProcess(): void {
    const process = this.#process;
    if (process === null) return;
    process.stop();
    this.#exited(137, 'killed');
  }

  #schedule(): void {
    this.#disk = this.#world.volumes.diskOf(this.#namespace, this.#claim);
    if (this.#disk === null) {
      this.#condition('PodScheduled', 'False', 'Unschedulable');
      this.#later(times.retryScheduleMs, () => this.#schedule());
      return;
    }
    this.#update((draft) => {
      if (draft.spec !== undefined) draft.spec.nodeName = this.#place.node;
    });
    this.#condition('PodScheduled', 'True');
    this.#later(times.witnessMs, () => this.#look(this.#disk?.witness() ?? ''));
  }

  #look(witness: string): void {
    this.#update((draft) => {
      draft.status = {
        ...draft.status,
        podIP: this.#place.ip,
        initContainerStatuses: [
          {
            ...container('witness', 0, true),
            state: { terminated: { exitCode: 0, message: witness } },
          },
        ],
      };
    });
    this.#later(times.mainMs, () => this.#startMain());
  }

  #startMain(): void {
    if (this.#stopping) return;
    this.#main({ ...container('qdrant', this.#restarts, false), state: { running: {} } });
    this.#waitsForGrant = true;
    this.#readGrant();
    this.#probeLater();
  }

  /** As `start.sh` does, each time round its loop. */
  #readGrant(): void {
    const disk = this.#disk;
    if (!this.#waitsForGrant || this.#stopping || disk === null) return;
    const member = this.#grant.startsWith('join=') ? this.#chooseMember(this.#grant.slice('join='.length)) : null;
    if (member === null && this.#grant !== 'bootstrap' && disk.data === null) return;
    this.#waitsForGrant = false;
    const process = this.#world.qdrant.startProcess({
      scope: this.#scope,
      podName: this.#name,
      podUid: this.#uid,
      ip: this.#place.ip,
      disk,
      uri: this.#uri,
      bootstrapUris: member === null ? null : [member],
      onExit: (code) => {
        if (this.#process === process) this.#exited(code, process.exit?.why ?? '');
      },
    });
    this.#process = process;
  }

  #chooseMember(uris: string): string | null {
    const others = uris.split(',').filter((uri) => uri !== this.#uri && /^https?:\/\/./.test(uri));
    const listens = (uri: string): boolean =>
      this.#world.qdrant.processes.some(({ options }) => options.scope === this.#scope && options.uri === uri);
    return others.find(listens) ?? others[0] ?? null;
  }

  #exited(exitCode: number, message: string): void {
    this.#process = null;
    if (this.#ended || this.#stopping) return;
    this.#restarts += 1;
    const backOffMs = Math.min(times.longestBackOffMs, times.firstBackOffMs * 2 ** (this.#restarts - 1));
    this.#ready(false);
    this.#main({
      ...container('qdrant', this.#restarts, false),
      state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${backOffMs / 1000}s` } },
      lastState: { terminated: { exitCode, message } },
    });
    this.#later(backOffMs, () => this.#startMain());
  }

  #probeLater(): void {
    this.#later(times.probeMs, () => {
      const process = this.#process;
      if (process === null && !this.#waitsForGrant) return;
      this.#ready(process !== null && process.running && process.serving && process.ready && !this.#stopping);
      this.#probeLater();
    });
  }

  #ready(ready: boolean): void {
    if (ready === this.#isReady) return;
    this.#isReady = ready;
    this.#condition('Ready', ready ? 'True' : 'False');
    this.#update((draft) => {
      for (const status of draft.status?.containerStatuses ?? []) status.ready = ready;
    });
  }

  #main(status: V1ContainerStatus): void {
    this.#update((draft) => {
      draft.status = { ...draft.status, phase: 'Running', containerStatuses: [status] };
    });
  }

  #condition(type: string, status: 'True' | 'False', reason?: string): void {
    this.#update((draft) => {
      const conditions = draft.status?.conditions ?? [];
      if (conditions.some((one) => one.type === type && one.status === status)) return;
      const changed: V1PodCondition = {
        ...{ type, status, lastTransitionTime: new Date(this.#world.clock.nowMs()) },
        ...(reason === undefined ? {} : { reason }),
      };
      draft.status = { ...draft.status, conditions: [...conditions.filter((one) => one.type !== type), changed] };
    });
  }

  #grantOn(pod: V1Pod): string {
    return pod.metadata?.annotations?.[this.#world.startAnnotation] ?? '';
  }

  #later(ms: number, callback: () => void): void {
    this.#world.clock.after(ms, () => {
      if (!this.#ended) callback();
    });
  }

  #update(change: (draft: V1Pod) => void): void {
    if (this.#ended) return;
    this.#world.server.update('Pod', { namespace: this.#namespace, name: this.#name }, change);
  }
}

function container(name: string, restartCount: number, ready: boolean): V1ContainerStatus {
  return { name, image: 'node', imageID: 'node', ready, restartCount };
}
