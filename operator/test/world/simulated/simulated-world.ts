/** Kubernetes, its controllers, volumes and nodes of Qdrant in one process on one clock, for whole operators. */
import { namesOf } from '../../../src/api/group.js';
import type { QdrantClusterResource } from '../../../src/api/qdrant-cluster.js';
import { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import { FakeQdrant, type FakeQdrantOptions } from '../fake-qdrant/fake-qdrant.js';
import type { FakeProcess } from '../fake-qdrant/fake-process.js';
import { VirtualClock } from '../virtual-clock.js';
import { Kubelet } from './kubelet.js';
import { OperatorProcess, type ProcessOptions } from './operator-process.js';
import { SetController } from './set-controller.js';
import { VolumeController } from './volume-controller.js';
import { WorldInvariants } from './world-invariants.js';

const names = namesOf('qdrantcluster.dev');
export const namespace = 'ns';
export const clusterName = 'a';
export const scope = `${namespace}/qdrant-headless-${clusterName}`;
const cluster = { namespace, name: clusterName };

export class SimulatedWorld {
  readonly clock = new VirtualClock();
  readonly server = new FakeApiServer(this.clock);
  readonly qdrant: FakeQdrant;
  readonly volumes: VolumeController;
  readonly kubelet: Kubelet;
  readonly operators: OperatorProcess[] = [];
  readonly #invariants: WorldInvariants;

  constructor(options: FakeQdrantOptions = {}) {
    this.qdrant = new FakeQdrant(this.clock, { version: '0.1.0', ...options });
    this.volumes = new VolumeController(this.server, this.clock, this.qdrant);
    new SetController(this.server, this.clock);
    const startAnnotation = names.annotations.start;
    this.kubelet = new Kubelet({ ...this.#parts(), startAnnotation });
    this.#invariants = new WorldInvariants({ ...this.#parts(), startAnnotation });
  }

  #parts() {
    return { server: this.server, clock: this.clock, qdrant: this.qdrant, volumes: this.volumes };
  }

  create(size: number, spec: Record<string, unknown> = {}): void {
    this.server.create('QdrantCluster', namespace, {
      apiVersion: names.apiVersion,
      kind: 'QdrantCluster',
      metadata: { name: clusterName },
      spec: { version: '0.1.0', size, ...spec },
    });
  }

  scale(size: number): void {
    const { resource } = this;
    this.server.replace('QdrantCluster', cluster, { ...resource, spec: { ...resource.spec, size } });
  }

  get resource(): QdrantClusterResource {
    const found = this.server.get('QdrantCluster', cluster);
    if (found === null) throw new Error('the cluster is gone');
    return found;
  }

  /** By default each is the next process of one and the same pod, which takes the lead of the one before at once. */
  startOperator({
    mishapAt = () => null,
    identity = 'operator-0',
    leaseNamespace = 'operators',
  }: Partial<ProcessOptions> = {}): OperatorProcess {
    const operator = new OperatorProcess(this.#parts(), { mishapAt, identity, leaseNamespace });
    this.operators.push(operator);
    return operator;
  }

  /** The status says so of the newest spec. */
  get healthy(): boolean {
    const { metadata, status } = this.resource;
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
    return ready && status.phase === 'Healthy' && status.observedGeneration === metadata.generation;
  }

  /** Names of pods and the peers on them, for tests to compare. */
  get members(): readonly FakeProcess[] {
    return this.qdrant.processes.filter(
      ({ consensus, peer, removed }) => !removed && consensus?.latest.members.get(peer) === 'voter',
    );
  }

  violations(): readonly string[] {
    return [...this.#invariants.check(), ...this.operators.flatMap(({ defects }) => defects)];
  }

  /** As text, for a test that waits in vain. */
  describe(): string {
    const { status, spec } = this.resource;
    const pods = this.server
      .list('Pod')
      .items.map(
        ({ metadata, status: is }) => `${metadata?.name ?? ''} ${JSON.stringify(is?.containerStatuses?.[0]?.state)}`,
      );
    const { phase, conditions, operation } = status ?? {};
    return JSON.stringify(
      {
        spec,
        phase,
        operation,
        conditions,
        pods,
        last: this.operators.at(-1)?.calls.made.slice(-10),
        warnings: this.operators.at(-1)?.warnings.slice(-3),
        defects: this.operators.at(-1)?.defects.slice(-3),
      },
      null,
      1,
    );
  }
}
