/** What must hold in the simulated world at every moment, whatever becomes of the operator. */
import type { FakeQdrant } from '../fake-qdrant/fake-qdrant.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import type { StoredChange } from '../fake-kubernetes/change-log.js';
import type { VolumeController } from './volume-controller.js';

export interface InvariantWorld {
  readonly server: FakeApiServer;
  readonly qdrant: FakeQdrant;
  readonly volumes: VolumeController;
  readonly startAnnotation: string;
}

export class WorldInvariants {
  readonly #world: InvariantWorld;
  readonly #violations: string[] = [];
  #callsSeen = 0;

  constructor(world: InvariantWorld) {
    this.#world = world;
    world.server.subscribe((change) => this.#changed(change));
    world.qdrant.faults.push(() => {
      this.#checkCall();
      return null;
    });
  }

  /** Looks at everything. */
  check(): readonly string[] {
    return [...this.#violations, ...this.#world.qdrant.invariants.check()];
  }

  #changed({ kind, before, after }: StoredChange): void {
    if (kind === 'Pod') this.#checkJoins();
    if (kind === 'StatefulSet' && before !== null && after !== null) {
      const [was, is] = [replicasOf(before), replicasOf(after)];
      for (let ordinal = is; ordinal < was; ordinal += 1) this.#checkGone(`${after.metadata.name}-${ordinal}`);
    }
    if (kind === 'PersistentVolumeClaim' && before?.metadata.deletionTimestamp === undefined && before !== null) {
      if (after?.metadata.deletionTimestamp === undefined || this.#world.volumes.wasTaken(before.metadata.uid)) return;
      const { namespace = '', name } = before.metadata;
      const data = this.#world.volumes.diskOf(namespace, name)?.data ?? null;
      if (data?.consensus.latest.metadata.peers.has(data.peer) === true) {
        this.#violate(`the claim ${name} was deleted while peer ${data.peer} is a member`);
      }
    }
  }

  /** A pod that is let in is a voter before the next one is. */
  #checkJoins(): void {
    const { server, startAnnotation, volumes } = this.#world;
    const byCluster = new Map<string, string[]>();
    for (const { metadata, spec } of server.list('Pod').items) {
      if (metadata?.annotations?.[startAnnotation]?.startsWith('join=') !== true) continue;
      if (metadata.deletionTimestamp !== undefined) continue;
      const volume = spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
      const claim = volume?.persistentVolumeClaim?.claimName ?? '';
      const data = volumes.diskOf(metadata.namespace ?? '', claim)?.data ?? null;
      // Whether it runs just now is another matter.
      if (data?.consensus.latest.members.get(data.peer) === 'voter') continue;
      const cluster = `${metadata.namespace ?? ''}/${spec?.subdomain ?? ''}`;
      byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), metadata.name ?? '']);
    }
    for (const pods of byCluster.values()) {
      if (pods.length > 1) this.#violate(`${pods.join(' and ')} join at the same time`);
    }
  }

  /** Nothing that disturbs a cluster is asked for while a shard moves in it, or a peer joins. */
  #checkCall(): void {
    const { qdrant } = this.#world;
    const call = qdrant.calls.at(-1);
    if (qdrant.calls.length === this.#callsSeen || call?.changes !== true || call.name === 'abortTransfer') return;
    this.#callsSeen = qdrant.calls.length;
    const asked = qdrant.processes.find(({ options }) => options.podName === call.pod);
    const latest = asked?.consensus?.latest;
    if (latest === undefined) return;
    // A replica that is missing is copied beside other transfers, between peers that have no part in them.
    const asksOf = (peer: number): boolean => call.name !== 'replicateShard' || call.about.includes(` ${peer}`);
    for (const { name, transfers } of latest.metadata.collections.values()) {
      if (!transfers.some(({ from, to }) => asksOf(from) || asksOf(to))) continue;
      this.#violate(`${call.name} ${call.about} while shards of ${name} move`);
    }
    if (call.name !== 'removePeer' && [...latest.members.values()].includes('learner')) {
      this.#violate(`${call.name} ${call.about} while a peer joins`);
    }
  }

  #checkGone(pod: string): void {
    for (const process of this.#world.qdrant.processes) {
      const { consensus, peer, options } = process;
      if (options.podName !== pod || consensus?.latest.metadata.peers.has(peer) !== true) continue;
      this.#violate(`the set was shrunk under ${pod}, whose peer is a member`);
    }
  }

  #violate(what: string): void {
    if (!this.#violations.includes(what)) this.#violations.push(what);
  }
}

function replicasOf(set: { readonly spec?: unknown } & object): number {
  const { spec } = set;
  const replicas = typeof spec === 'object' && spec !== null && 'replicas' in spec ? spec.replicas : 1;
  return typeof replicas === 'number' ? replicas : 1;
}
