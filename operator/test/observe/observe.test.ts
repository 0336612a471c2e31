import { beforeEach, expect, test } from 'vitest';
import { accessRefs, endpointOfPod } from '../../src/observe/endpoint-of-pod.js';
import { observe, type ClusterObjects, type Observed } from '../../src/observe/observe.js';
import { inParallel } from '../../src/observe/in-parallel.js';
import { namesOfId } from '../../src/build/names.js';
import { QdrantError, type QdrantNode, type QdrantNodes } from '../../src/qdrant/qdrant-api.js';
import { FakeQdrant } from '../world/fake-qdrant/fake-qdrant.js';
import { VirtualClock } from '../world/virtual-clock.js';
import { claimOf, group, podOf, resourceOf, workerOf } from './objects.js';

const scope = 'default/a';
const uriOf = (ordinal: number): string => `http://qdrant-a-${ordinal}.qdrant-headless-a:6335`;

let clock: VirtualClock;
let qdrant: FakeQdrant;

beforeEach(async () => {
  clock = new VirtualClock();
  qdrant = new FakeQdrant(clock);
  for (let ordinal = 0; ordinal < 3; ordinal += 1) {
    const process = qdrant.startProcess({
      scope,
      podName: `qdrant-a-${ordinal}`,
      podUid: `uid-of-${ordinal}`,
      ip: `10.0.0.${ordinal}`,
      disk: qdrant.newDisk(`disk-${ordinal}`),
      uri: uriOf(ordinal),
      bootstrapUris: ordinal === 0 ? null : [uriOf(0)],
    });
    const voter = (): boolean => process.serving && process.seen.members.get(process.peer) === 'voter';
    expect(await clock.runUntil(voter, 10_000)).toBe(true);
  }
  await clock.run(100);
});

async function settled<T>(promise: Promise<T>): Promise<T> {
  let over = false;
  const end = (): boolean => (over = true);
  promise.then(end, end);
  await clock.runUntil(() => over, 60_000);
  return promise;
}

function look(
  objects: Partial<ClusterObjects> = {},
  nodes: QdrantNodes = qdrant,
  signal?: AbortSignal,
): Promise<Observed> {
  return settled(
    observe(
      {
        resource: resourceOf(),
        set: { metadata: { uid: 'uid-of-set' }, spec: { replicas: 3, selector: {}, serviceName: '', template: {} } },
        pods: [podOf(2), podOf(0), podOf(1)],
        volumes: [claimOf(1), claimOf(0), claimOf(2)],
        record: null,
        nodes: new Map([['worker-1', workerOf('worker-1', true)]]),
        ...objects,
      },
      {
        ...{ nodes, clock, group, access: { tls: null, apiKey: null } },
        ...(signal === undefined ? {} : { signal }),
      },
    ),
  );
}

test('a settled cluster is seen by each of its nodes alike', async () => {
  expect(await settled(qdrant.createCollection(scope, 'docs', { shards: 3, factor: 2 }))).toBe(true);
  await clock.run(1000);
  const { observation, problems } = await look();
  expect(problems).toEqual([]);
  expect(observation.set).toEqual({ uid: 'uid-of-set', replicas: 3, updateRevision: null });
  expect(observation.pods.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2]);
  expect(observation.volumes.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2]);
  expect(observation.views.map(({ pod }) => pod)).toEqual(['qdrant-a-0', 'qdrant-a-1', 'qdrant-a-2']);
  for (const view of observation.views) {
    if (view.kind !== 'answered') throw new Error(`${view.pod}: ${view.why}`);
    expect([...view.cluster.peers.values()]).toEqual([uriOf(0), uriOf(1), uriOf(2)]);
    expect(view).toMatchObject({ ready: true, version: '1.19.0', cluster: { raft: { isVoter: true } } });
    expect(view.collections?.map(({ name, replicationFactor }) => [name, replicationFactor])).toEqual([['docs', 2]]);
    expect(view.collections?.[0]?.replicas).toHaveLength(6);
  }
});

test('a pod without an address is not asked, one that does not run is said not to', async () => {
  const { observation } = await look({ pods: [podOf(0, { ip: '' }), podOf(1, { running: false }), podOf(2)] });
  expect(observation.views.map(({ pod, kind }) => [pod, kind])).toEqual([
    ['qdrant-a-1', 'unreachable'],
    ['qdrant-a-2', 'answered'],
  ]);
  expect(new Set(qdrant.calls.map(({ pod }) => pod))).toEqual(new Set(['qdrant-a-2']));
});

test('a node that hangs keeps nobody from being seen', async () => {
  qdrant.faults.push(({ pod }) => (pod === 'qdrant-a-1' ? { kind: 'timeout', effect: false } : null));
  const before = clock.monotonicMs();
  const { observation } = await look();
  expect(clock.monotonicMs() - before).toBeLessThanOrEqual(3_000);
  expect(observation.views.map(({ kind }) => kind)).toEqual(['answered', 'unreachable', 'answered']);
});

test.each([
  { kind: 'unauthorized', accessRefused: true },
  { kind: 'untrusted', accessRefused: true },
  { kind: 'unreachable', accessRefused: false },
] as const)('a node that fails as $kind: it refuses access: $accessRefused', async ({ kind, accessRefused }) => {
  const failing = (node: QdrantNode): QdrantNode => {
    node.cluster = () => Promise.reject(new QdrantError(kind, 'no'));
    return node;
  };
  const { observation } = await look({}, { at: (endpoint) => failing(qdrant.at(endpoint)) });
  for (const view of observation.views) {
    expect(view).toMatchObject({ kind: 'unreachable', why: `${kind}: no`, accessRefused });
  }
});

test('a view without an answer about a collection is incomplete', async () => {
  await settled(qdrant.createCollection(scope, 'docs', { shards: 1, factor: 1 }));
  await clock.run(1000);
  qdrant.faults.push(({ pod, name }) =>
    pod === 'qdrant-a-1' && name === 'collection' ? { kind: 'failed', effect: false } : null,
  );
  const { observation } = await look();
  const collections = observation.views.map((view) => (view.kind === 'answered' ? view.collections?.length : view.why));
  expect(collections).toEqual([1, undefined, 1]);
});

test('nobody is waited for longer than ten seconds, whatever hangs', async () => {
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  const hanging = (node: QdrantNode): QdrantNode => ({
    cluster: () => node.cluster(),
    ready: () => node.ready(),
    version: () => node.version(),
    collections: () => Promise.resolve(['docs']),
    collection: never,
    ...{ moveShard: never, replicateShard: never, abortTransfer: never, dropReplica: never, removePeer: never },
  });
  const before = clock.monotonicMs();
  const { observation } = await look({}, { at: (endpoint) => hanging(qdrant.at(endpoint)) });
  expect(clock.monotonicMs() - before).toBe(10_000);
  for (const view of observation.views) expect(view).toMatchObject({ kind: 'answered', collections: null });
});

test('a pass that is ended ends with the reason', async () => {
  const end = new AbortController();
  end.abort(new Error('the lead is lost'));
  await expect(look({}, qdrant, end.signal)).rejects.toThrow('the lead is lost');
});

test('so many at a time, all of them in order, and none after a failure', async () => {
  let running = 0;
  let most = 0;
  const done = await inParallel([5, 3, 8, 1, 2], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await clock.run(0);
    running -= 1;
    return item * 2;
  });
  expect(done).toEqual([10, 6, 16, 2, 4]);
  expect(most).toBe(2);
  const asked: number[] = [];
  const failing = inParallel([1, 2, 3, 4], 1, (item) => {
    asked.push(item);
    return item === 2 ? Promise.reject(new Error('no')) : Promise.resolve(item);
  });
  await expect(failing).rejects.toThrow('no');
  expect(asked).toEqual([1, 2]);
});

test('a node is asked at its pod’s address, by the name in its certificate', () => {
  const spec = {
    version: 'v1.19.0',
    size: 1,
    config: {
      service: { enable_tls: true, api_key: { secretKeyRef: { name: 'keys', key: 'main' } } },
      tls: { caCert: { secretKeyRef: { name: 'tls', key: 'ca.crt' } } },
    },
  };
  expect(accessRefs(spec)).toEqual({
    tls: true,
    apiKey: { name: 'keys', key: 'main' },
    ca: { name: 'tls', key: 'ca.crt' },
  });
  expect(accessRefs({ version: 'v1.19.0', size: 1 })).toEqual({ tls: false, apiKey: null, ca: null });
  const access = { tls: { ca: 'PEM' }, apiKey: 'secret' };
  const pod = { name: 'qdrant-a-0', uid: 'u', ip: '10.0.0.1' };
  expect(endpointOfPod(pod, { names: namesOfId('a'), namespace: 'default', access })).toEqual({
    pod: 'qdrant-a-0',
    podUid: 'u',
    ip: '10.0.0.1',
    serverName: 'qdrant-a-0.qdrant-headless-a.default.svc',
    port: 6333,
    ...access,
  });
});
