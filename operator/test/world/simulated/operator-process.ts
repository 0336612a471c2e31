/** One process of the operator in the simulated world: it can be killed at a call, or be two at a time. */
import type { V1Node } from '@kubernetes/client-node';
import { pino } from 'pino';
import { namesOf } from '../../../src/api/group.js';
import type { QdrantClusterResource } from '../../../src/api/qdrant-cluster.js';
import type { ClusterCaches, LabelledKind } from '../../../src/controller/cluster-caches.js';
import { clusterPass } from '../../../src/controller/cluster-pass.js';
import { ClusterReports, keyOf } from '../../../src/controller/cluster-reports.js';
import { OperatorMetrics } from '../../../src/controller/metrics.js';
import { passFailure } from '../../../src/controller/pass-failure.js';
import { Secrets } from '../../../src/controller/secrets.js';
import { WorkQueue, type PassOutcome } from '../../../src/controller/work-queue.js';
import type { ObjectName, ResourceTypes } from '../../../src/k8s/kubernetes-api.js';
import type { FakeApiServer } from '../fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../fake-kubernetes/fake-kubernetes.js';
import type { FakeQdrant } from '../fake-qdrant/fake-qdrant.js';
import type { VirtualClock } from '../virtual-clock.js';
import { MortalCalls, type MishapAt } from './mortal-calls.js';

const names = namesOf('qdrantcluster.dev');

export interface OperatorWorld {
  readonly server: FakeApiServer;
  readonly clock: VirtualClock;
  readonly qdrant: FakeQdrant;
}

export class OperatorProcess {
  readonly calls: MortalCalls;
  /** What passes failed with that should never happen. */
  readonly defects: string[] = [];
  /** What went wrong in ways that a world with faults brings. */
  readonly failures: string[] = [];
  readonly #queue: WorkQueue;
  readonly #unsubscribe: () => void;

  constructor(world: OperatorWorld, mishapAt: MishapAt) {
    const { server } = world;
    this.calls = new MortalCalls(mishapAt);
    const kubernetes = new FakeKubernetes(server, this.calls.interceptor);
    const clock = this.calls.clock(world.clock);
    const logger = pino({ level: 'silent' });
    const metrics = new OperatorMetrics(() => ({
      ...{ leading: true, queueDepth: 0, clustersByPhase: new Map(), reflectorSilenceSeconds: new Map() },
    }));
    const dependencies = {
      ...{ kubernetes, clock, logger },
      nodes: this.calls.nodes(world.qdrant),
      fence: { remainingMs: () => 15_000, transitions: 1 },
      build: { group: names, nodeImage: 'registry.example/node', startScript: '#!/bin/sh\n' },
      caches: new LiveCaches(server),
      secrets: new Secrets(kubernetes, clock),
      reports: new ClusterReports(logger, metrics, () => undefined),
      signal: new AbortController().signal,
    };
    const work = async (key: string): Promise<PassOutcome> => {
      const [namespace = '', name = ''] = key.split('/');
      try {
        return await clusterPass({ namespace, name }, dependencies);
      } catch (error) {
        const failure = passFailure(error);
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        (failure.level === 'defect' ? this.defects : this.failures).push(text);
        return failure.outcome;
      }
    };
    this.#queue = new WorkQueue({ clock, random: () => 0.5, concurrency: 2, work });
    const add = (): void => {
      if (this.calls.dead) return;
      for (const { metadata } of server.list('QdrantCluster').items) {
        this.#queue.add(keyOf({ namespace: metadata.namespace ?? '', name: metadata.name ?? '' }));
      }
    };
    this.#unsubscribe = server.subscribe(add);
    add();
  }

  kill(): void {
    this.calls.kill();
    this.#unsubscribe();
  }
}

/** Caches that are never behind. */
class LiveCaches implements ClusterCaches {
  readonly #server: FakeApiServer;

  constructor(server: FakeApiServer) {
    this.#server = server;
  }

  cluster(name: ObjectName): QdrantClusterResource | null {
    return this.#server.get('QdrantCluster', name);
  }

  objects<K extends LabelledKind>(kind: K, { namespace, name }: ObjectName): readonly ResourceTypes[K][] {
    return this.#server.list(kind, { namespace, labelSelector: `${names.labels.cluster}=${name}` }).items;
  }

  kubernetesNode(name: string): V1Node | null {
    return this.#server.get('Node', { namespace: '', name });
  }
}
