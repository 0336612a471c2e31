/** Volume claims of the simulated world: each is bound to a new disk, and keeps it until no pod uses it any more. */
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { FakeDisk } from '../fake-qdrant/fake-disk.js';
import type { FakeQdrant } from '../fake-qdrant/fake-qdrant.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import type { VirtualClock } from '../virtual-clock.js';
import { claimProtection } from './set-controller.js';

const bindMs = 50;
const releaseMs = 20;

export class VolumeController {
  readonly #server: FakeApiServer;
  readonly #clock: VirtualClock;
  readonly #qdrant: FakeQdrant;
  readonly #disks = new Map<string, FakeDisk>();
  /** Claims that a test takes away: what is lost with them is nobody's mistake. */
  readonly #taken = new Set<string>();

  constructor(server: FakeApiServer, clock: VirtualClock, qdrant: FakeQdrant) {
    this.#server = server;
    this.#clock = clock;
    this.#qdrant = qdrant;
    server.subscribe(({ kind, after, before }) => {
      if (kind === 'PersistentVolumeClaim') {
        if (after === null) this.#destroy(before.metadata.uid);
        else if (before !== null) this.#releaseLater();
        else this.#clock.after(bindMs, () => this.#bind(after.metadata.namespace ?? '', after.metadata.name));
      }
      if (kind === 'Pod' && after === null) this.#releaseLater();
    });
  }

  /** The disk behind a claim that is bound. */
  diskOf(namespace: string, claim: string): FakeDisk | null {
    const found = this.#server.get('PersistentVolumeClaim', { namespace, name: claim });
    return found?.status?.phase === 'Bound' ? (this.#disks.get(found.metadata?.uid ?? '') ?? null) : null;
  }

  /** As somebody with `kubectl delete`, who does not ask what is on it. */
  takeClaim(namespace: string, name: string): void {
    const uid = this.#server.get('PersistentVolumeClaim', { namespace, name })?.metadata?.uid;
    if (uid === undefined) throw new Error(`there is no claim ${name}`);
    this.#taken.add(uid);
    this.#server.delete('PersistentVolumeClaim', { namespace, name }, {});
  }

  wasTaken(uid: string): boolean {
    return this.#taken.has(uid);
  }

  #bind(namespace: string, name: string): void {
    const claim = this.#server.get('PersistentVolumeClaim', { namespace, name });
    const uid = claim?.metadata?.uid;
    if (claim === null || uid === undefined || this.#disks.has(uid)) return;
    this.#disks.set(uid, this.#qdrant.newDisk(`${namespace}/${name}`));
    this.#server.update('PersistentVolumeClaim', { namespace, name }, (draft) => {
      draft.spec = { ...draft.spec, volumeName: `pv-${uid}` };
      draft.status = { phase: 'Bound', capacity: { storage: draft.spec.resources?.requests?.['storage'] ?? '1Gi' } };
    });
  }

  #releaseLater(): void {
    this.#clock.after(releaseMs, () => {
      for (const claim of this.#server.list('PersistentVolumeClaim').items) this.#release(claim);
    });
  }

  #release({ metadata }: V1PersistentVolumeClaim): void {
    const { name = '', namespace = '' } = metadata ?? {};
    if (metadata?.deletionTimestamp === undefined || this.#isUsed(namespace, name)) return;
    this.#server.update('PersistentVolumeClaim', { namespace, name }, (draft) => {
      draft.metadata = {
        ...draft.metadata,
        finalizers: (metadata.finalizers ?? []).filter((one) => one !== claimProtection),
      };
    });
  }

  #isUsed(namespace: string, claim: string): boolean {
    return this.#server
      .list('Pod', { namespace })
      .items.some(({ spec }) => spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim));
  }

  #destroy(uid: string): void {
    const disk = this.#disks.get(uid);
    if (disk === undefined) return;
    this.#disks.delete(uid);
    this.#qdrant.destroyDisk(disk, this.#taken.has(uid) ? 'fault' : 'request');
  }
}
