import type { V1Node } from '@kubernetes/client-node';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { namesOf } from '../../src/api/group.js';
import type { QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import type { ClusterCaches, LabelledKind } from '../../src/controller/cluster-caches.js';
import { clusterPass } from '../../src/controller/cluster-pass.js';
import { ClusterReports, type Report } from '../../src/controller/cluster-reports.js';
import { OperatorMetrics } from '../../src/controller/metrics.js';
import { Secrets } from '../../src/controller/secrets.js';
import type { PassOutcome } from '../../src/controller/work-queue.js';
import type { ObjectName, ResourceTypes } from '../../src/k8s/kubernetes-api.js';
import { QdrantError, type QdrantNode, type QdrantNodes } from '../../src/qdrant/qdrant-api.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { FakeQdrant } from '../world/fake-qdrant/fake-qdrant.js';
import { VirtualClock } from '../world/virtual-clock.js';

const names = namesOf('qdrantcluster.dev');
const cluster: ObjectName = { namespace: 'ns', name: 'a' };
const pod: ObjectName = { namespace: 'ns', name: 'qdrant-a-0' };

/** Caches that are never behind. */
class LiveCaches implements ClusterCaches {
  constructor(private readonly server: FakeApiServer) {}

  cluster(name: ObjectName): QdrantClusterResource | null {
    return this.server.get('QdrantCluster', name);
  }

  objects<K extends LabelledKind>(kind: K, { namespace, name }: ObjectName): readonly ResourceTypes[K][] {
    return this.server.list(kind, { namespace, labelSelector: `${names.labels.cluster}=${name}` }).items;
  }

  kubernetesNode(): V1Node | null {
    return null;
  }
}

let clock: VirtualClock;
let server: FakeApiServer;
let kubernetes: FakeKubernetes;
let qdrant: FakeQdrant;
let reports: Report[];
let secrets: Secrets;
let remainingMs: number;

beforeEach(() => {
  clock = new VirtualClock();
  server = new FakeApiServer(clock);
  kubernetes = new FakeKubernetes(server);
  qdrant = new FakeQdrant(clock);
  secrets = new Secrets(kubernetes, clock);
  reports = [];
  remainingMs = 12_000;
});

function wants(spec: Record<string, unknown>): Promise<QdrantClusterResource> {
  return kubernetes.create('QdrantCluster', 'ns', {
    apiVersion: names.apiVersion,
    kind: 'QdrantCluster',
    metadata: { name: 'a' },
    spec: { version: '0.1.0', size: 3, ...spec },
  });
}

/** A pass with time going on under it; what it throws is thrown. */
async function pass(nodes: QdrantNodes = qdrant): Promise<PassOutcome> {
  const logger = pino({ level: 'silent' });
  const metrics = new OperatorMetrics(() => ({
    ...{ leading: true, queueDepth: 0, clustersByPhase: new Map(), reflectorSilenceSeconds: new Map() },
  }));
  let ended = false;
  const outcome = clusterPass(cluster, {
    ...{ kubernetes, nodes, clock, logger, secrets },
    fence: { remainingMs: () => remainingMs, transitions: 7 },
    build: { group: names, nodeImage: 'registry.example/node', startScript: '#!/bin/sh\n' },
    caches: new LiveCaches(server),
    reports: new ClusterReports(logger, metrics, (report) => reports.push(report)),
    signal: new AbortController().signal,
  }).finally(() => (ended = true));
  outcome.catch(() => undefined);
  expect(await clock.runUntil(() => ended, 60_000)).toBe(true);
  return outcome;
}

/** The requests that a pass makes, without those that only look. */
async function writesOf(run: () => Promise<unknown>): Promise<string[]> {
  const before = kubernetes.calls.length;
  await run();
  return kubernetes.calls
    .slice(before)
    .filter(({ verb }) => verb !== 'get')
    .map(
      ({ verb, kind, name, subresource }) => `${verb} ${kind}${subresource === null ? '' : '/status'} ${name ?? ''}`,
    );
}

/** What the set's controller and the kubelet would do for the first pod: its volume is empty, its script waits. */
function firstPodStarts(): void {
  const { template } = server.list('StatefulSet').items[0]!.spec!;
  const labels = { ...template.metadata?.labels };
  server.create('PersistentVolumeClaim', 'ns', {
    metadata: { name: 'qdrant-storage-qdrant-a-0', labels },
    spec: { accessModes: ['ReadWriteOnce'] },
  });
  server.create('Pod', 'ns', { metadata: { name: pod.name, labels }, spec: template.spec! });
  server.update('Pod', pod, (object) => {
    object.status = {
      podIP: '10.0.0.1',
      phase: 'Running',
      initContainerStatuses: [
        {
          ...{ name: 'witness', image: '', imageID: '', ready: true, restartCount: 0 },
          state: { terminated: { exitCode: 0, message: 'empty' } },
        },
      ],
      containerStatuses: [
        {
          ...{ name: 'qdrant', image: '', imageID: '', ready: false, restartCount: 0 },
          state: { running: {} },
        },
      ],
    };
  });
}

test('a new cluster gets its objects, a set of one pod and a status; then nothing is written while nothing happens', async () => {
  await wants({});
  expect(await writesOf(pass)).toEqual([
    'patch Service qdrant-headless-a',
    'patch Service qdrant-a',
    'patch Service qdrant-a-0',
    expect.stringMatching(/^patch ConfigMap qdrant-a-config-/),
    'patch PodDisruptionBudget qdrant-a',
    'patch StatefulSet qdrant-a',
    'patch QdrantCluster/status a',
  ]);
  expect(server.get('StatefulSet', { namespace: 'ns', name: 'qdrant-a' })?.spec?.replicas).toBe(1);
  expect(server.get('QdrantCluster', cluster)?.status).toMatchObject({ phase: 'Creating', observedGeneration: 1 });
  // The set is there now, which the status says; after that the world stays as it is.
  await pass();
  expect(await writesOf(pass)).toEqual([]);
  expect(reports.map(({ reason }) => reason)).toEqual(['PhaseChanged']);
});

test('the first pod is let in: the intent is in the status before the grant is on the pod', async () => {
  await wants({});
  await pass();
  firstPodStarts();
  const writes = await writesOf(pass);
  expect(writes).toEqual(['patch QdrantCluster/status a', 'patch Pod qdrant-a-0']);
  expect(server.get('QdrantCluster', cluster)?.status?.operation).toMatchObject({
    type: 'Bootstrap',
    step: 'grant-start',
    target: 'qdrant-a-0',
    leaseTransitions: 7,
  });
  const granted = server.get('Pod', pod)?.metadata;
  expect(granted?.annotations?.[names.annotations.start]).toBe('bootstrap');
  expect(granted?.labels?.[names.labels.serving]).toBe('false');
  expect(reports.at(-1)).toMatchObject({ reason: 'StepTaken', action: 'Bootstrap' });
});

test('a status that somebody else wrote in between ends the pass before its step', async () => {
  await wants({});
  await pass();
  firstPodStarts();
  const applyStatus = kubernetes.applyStatus.bind(kubernetes);
  kubernetes.applyStatus = async (...given) => {
    server.update('QdrantCluster', cluster, (object) => {
      object.metadata.annotations = { touched: 'yes' };
    });
    return applyStatus(...given);
  };
  await expect(pass()).rejects.toMatchObject({ kind: 'conflict' });
  expect(server.get('Pod', pod)?.metadata?.annotations?.[names.annotations.start]).toBeUndefined();
});

test('without the lead nothing is written', async () => {
  await wants({});
  remainingMs = 0;
  expect(await writesOf(() => expect(pass()).rejects.toThrow(/The lead lasts 0 ms/))).toEqual([]);
});

test('a spec that cannot be followed is said once, and touches nothing', async () => {
  await wants({ size: 0 });
  expect(await writesOf(pass)).toEqual(['patch QdrantCluster/status a']);
  expect(await writesOf(pass)).toEqual([]);
  const conditions = server.get('QdrantCluster', cluster)?.status?.conditions ?? [];
  expect(conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
  expect(reports.map(({ reason }) => reason)).toEqual(['InvalidSpec']);
});

test('a paused cluster is looked at, and left as it is', async () => {
  await wants({ pauses: [{ owner: 'ann', reason: 'by hand' }] });
  expect(await writesOf(pass)).toEqual(['patch QdrantCluster/status a']);
  expect(server.list('Service').items).toEqual([]);
  expect(reports.find(({ reason }) => reason === 'Blocked')?.note).toMatch(/Paused: by ann: by hand/);
});

test('what of a spec does not come about is named in a condition', async () => {
  await wants({ resources: { storage: '10Gi' } });
  await pass();
  const extraEnv = [{ name: 'PEER_URI', value: 'http://elsewhere' }];
  const spec = { version: '0.1.0', size: 3, resources: { storage: '20Gi' }, statefulSet: { pods: { extraEnv } } };
  await kubernetes.replace('QdrantCluster', cluster, { ...server.get('QdrantCluster', cluster)!, spec });
  await pass();
  const conditions = server.get('QdrantCluster', cluster)?.status?.conditions ?? [];
  expect(conditions.find(({ type }) => type === 'UnsupportedField')).toMatchObject({
    status: 'True',
    message:
      'Not acted on: statefulSet.pods.extraEnv PEER_URI: the operator sets it, resources.storage: volumes stay as they were made.',
  });
});

test('what is wanted no more goes away, by the old spec', async () => {
  const before = { servicePerNode: false, service: { annotations: { 'example.com/first': 'yes' } } };
  const service = { annotations: { ...before.service.annotations, 'example.com/second': 'yes' } };
  const marksOf = (): string[] =>
    Object.keys(server.get('Service', { namespace: 'ns', name: 'qdrant-a' })?.metadata?.annotations ?? {})
      .filter((key) => key.startsWith('example.com/'))
      .sort();
  const { spec } = await wants(before);
  await pass();
  for (const [now, marks] of [
    [{ ...spec, service, nodeSelector: { disk: 'fast' } }, ['example.com/first', 'example.com/second']],
    [spec, ['example.com/first']],
  ] as const) {
    await kubernetes.replace('QdrantCluster', cluster, { ...server.get('QdrantCluster', cluster)!, spec: now });
    await pass();
    expect(marksOf()).toEqual(marks);
  }
  const set = server.get('StatefulSet', { namespace: 'ns', name: 'qdrant-a' });
  expect(set?.spec?.template.spec?.nodeSelector).toBeUndefined();
  expect(await writesOf(pass)).toEqual([]);
});

test('a key is kept until a node does not accept it', async () => {
  const ref = { secretKeyRef: { name: 'keys', key: 'full' } };
  server.create('Secret', 'ns', { metadata: { name: 'keys' }, data: { full: 'b2xk' } });
  const offered: (string | null)[] = [];
  const nodes: QdrantNodes = {
    at: (endpoint): QdrantNode => {
      offered.push(endpoint.apiKey);
      const refused = <T>(): Promise<T> => Promise.reject(new QdrantError('unauthorized', 'another key'));
      const reads = { cluster: refused, ready: refused, version: refused, collections: refused, collection: refused };
      const changes = { moveShard: refused, replicateShard: refused, abortTransfer: refused };
      return { ...reads, ...changes, dropReplica: refused, removePeer: refused };
    },
  };
  await wants({ config: { service: { api_key: ref } } });
  await pass();
  firstPodStarts();
  server.update('Secret', { namespace: 'ns', name: 'keys' }, (secret) => {
    secret.data = { full: 'bmV3' };
  });
  await clock.run(60_000);
  await pass(nodes);
  await pass(nodes);
  expect(offered).toEqual(['old', 'new']);
});

test('a cluster that is gone, or about to be, is left to the garbage collector', async () => {
  expect(await pass()).toEqual({ kind: 'done' });
  expect(kubernetes.calls).toEqual([]);
});
