/**
 * What the operator takes for granted about an API server. The same cases run over the fake of the simulated world and
 * over a real server with its controllers; what the fake does beyond them, it should not do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  KubernetesError,
  type Kind,
  type KubernetesApi,
  type KubernetesErrorKind,
  type Manifest,
  type ResourceTypes,
  type WatchEvent,
} from '../../src/k8s/kubernetes-api.js';
import type { QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import { MicroTime } from '../../src/k8s/micro-time.js';

export interface ContractWorld {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** `group/version` under which QdrantClusters are served. */
  readonly clusterApiVersion: string;
  /** Lets the server go on for a moment: some real time, or some of the simulated one. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

export function kubernetesContract(name: string, makeWorld: () => Promise<ContractWorld>): void {
  describe(`the API server as the operator knows it: ${name}`, () => {
    let world: ContractWorld;
    const own = Math.trunc(Date.now() % 1e9).toString(36);
    let made = 0;
    const freshName = (): string => `c-${own}-${(made += 1)}`;

    beforeAll(async () => {
      world = await makeWorld();
    });
    afterAll(() => world.close());

    const at = (objectName: string): { namespace: string; name: string } => ({
      namespace: world.namespace,
      name: objectName,
    });
    const configMap = (objectName: string, data: Record<string, string> = { a: '1' }): ResourceTypes['ConfigMap'] => ({
      metadata: { name: objectName },
      data,
    });
    const createConfigMap = async (): Promise<Identity> =>
      identityOf(await world.api.create('ConfigMap', world.namespace, configMap(freshName())));
    const applied = (
      objectName: string,
      rest: Omit<ResourceTypes['ConfigMap'], 'metadata'>,
      metadata = {},
    ): Manifest => ({
      ...rest,
      ...{ kind: 'ConfigMap', apiVersion: 'v1', metadata: { ...metadata, name: objectName } },
    });
    const cluster = (objectName: string, size: number): QdrantClusterResource => ({
      ...{ apiVersion: world.clusterApiVersion, kind: 'QdrantCluster', metadata: { name: objectName } },
      spec: { id: objectName, version: 'v1.19.0', size },
    });
    const pod = (objectName: string, more: object = {}): ResourceTypes['Pod'] => ({
      metadata: { name: objectName },
      spec: { containers: [{ name: 'main', image: 'kt.local/none:1', imagePullPolicy: 'Never' }], ...more },
    });
    const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
      const deadline = performance.now() + 45_000;
      while (!(await condition())) {
        if (performance.now() > deadline) throw new Error('it did not become so');
        await world.pause();
      }
    };
    const isGone = async (kind: Kind, objectName: string): Promise<boolean> =>
      (await world.api.get(kind, at(objectName))) === null;

    describe('objects', () => {
      test('a created object has an identity, a version and a time', async () => {
        const objectName = freshName();
        const created = await world.api.create('ConfigMap', world.namespace, configMap(objectName));
        expect(created.metadata).toMatchObject({ name: objectName, namespace: world.namespace });
        expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
        expect(created.metadata?.managedFields).toBeUndefined();
        expect(await world.api.get('ConfigMap', at(objectName))).toEqual(created);
      });

      test('what does not exist is null, and what exists is not created again', async () => {
        expect(await world.api.get('ConfigMap', at(freshName()))).toBeNull();
        const { name: objectName } = await createConfigMap();
        await failsWith('already-exists', world.api.create('ConfigMap', world.namespace, configMap(objectName)));
      });

      test('one of the same name has another uid', async () => {
        const first = await createConfigMap();
        await world.api.delete('ConfigMap', at(first.name), {});
        const second = await world.api.create('ConfigMap', world.namespace, configMap(first.name));
        expect(second.metadata?.uid).not.toBe(first.uid);
      });

      test('a list has what matches the labels, in its namespace, and a version to watch from', async () => {
        const label = freshName();
        for (const role of ['one', 'two']) {
          const metadata = { name: freshName(), labels: { [`test/${label}`]: role, kind: 'test' } };
          await world.api.create('ConfigMap', world.namespace, { metadata });
        }
        const namesBy = async (labelSelector: string, namespace: string): Promise<number> =>
          (await world.api.list('ConfigMap', { namespace, labelSelector })).items.length;
        expect(await namesBy(`test/${label}=one`, world.namespace)).toBe(1);
        expect(await namesBy(`test/${label}`, world.namespace)).toBe(2);
        expect(await namesBy(`test/${label},kind=test`, world.namespace)).toBe(2);
        expect(await namesBy(`test/${label},kind=other`, world.namespace)).toBe(0);
        expect(await namesBy(`test/${label}`, 'kube-public')).toBe(0);
        const everywhere = await world.api.list('ConfigMap', { labelSelector: `test/${label}` });
        expect(everywhere.items).toHaveLength(2);
        expect(everywhere.items[0]).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
        expect(everywhere.resourceVersion).toMatch(/^\d+$/);
      });

      test('a replacement needs the version that was read', async () => {
        const { name: objectName } = await createConfigMap();
        const read = await world.api.get('ConfigMap', at(objectName));
        const next = { ...read, data: { a: '2' } };
        const replaced = await world.api.replace('ConfigMap', at(objectName), next);
        expect(replaced.data).toEqual({ a: '2' });
        await failsWith('conflict', world.api.replace('ConfigMap', at(objectName), next));
        await failsWith('invalid', world.api.replace('ConfigMap', at(objectName), configMap(objectName)));
        await world.api.delete('ConfigMap', at(objectName), {});
        await failsWith('conflict', world.api.replace('ConfigMap', at(objectName), replaced));
      });

      test('a Lease keeps its times as they were written', async () => {
        const objectName = freshName();
        const renewTime = new MicroTime('2026-01-02T03:04:05.678Z');
        const spec = { holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 3, renewTime };
        const created = await world.api.create('Lease', world.namespace, { metadata: { name: objectName }, spec });
        expect(created.spec).toEqual(spec);
        expect((await world.api.replace('Lease', at(objectName), created)).metadata?.resourceVersion).toBe(
          created.metadata?.resourceVersion,
        );
      });
    });

    test('an event is made, and a series of it', async () => {
      const metadata = { name: freshName(), namespace: world.namespace };
      const created = await world.api.create('Event', world.namespace, {
        ...{ metadata, eventTime: new MicroTime(), type: 'Normal', reason: 'Tested', action: 'Test', note: 'it is' },
        ...{ reportingController: 'qdrant-operator', reportingInstance: 'contract' },
        regarding: { kind: 'ConfigMap', apiVersion: 'v1', namespace: world.namespace, name: metadata.name },
      });
      const series = { count: 2, lastObservedTime: new MicroTime() };
      const replaced = await world.api.replace('Event', at(metadata.name), { ...created, series });
      expect(replaced.series).toEqual(series);
      expect(replaced.note).toBe('it is');
    });

    describe('server-side apply', () => {
      test('creates, changes what it applies, and leaves the rest alone', async () => {
        const objectName = freshName();
        await world.api.apply(applied(objectName, { data: { a: '1' } }), world.namespace);
        const labels = { theirs: 'x' };
        await world.api.patchMetadata('ConfigMap', at(objectName), { labels }, {});
        await world.api.apply(applied(objectName, { data: { a: '2' } }, { labels: { ours: 'y' } }), world.namespace);
        const read = await world.api.get('ConfigMap', at(objectName));
        expect(read?.data).toEqual({ a: '2' });
        expect(read?.metadata?.labels).toEqual({ theirs: 'x', ours: 'y' });
      });

      test('takes away what it applied before and applies no more', async () => {
        const objectName = freshName();
        const before = applied(objectName, { data: { a: '1', b: '2' } }, { labels: { one: '1', two: '2' } });
        await world.api.apply(before, world.namespace);
        await world.api.apply(applied(objectName, { data: { a: '1' } }, { labels: { one: '1' } }), world.namespace);
        const read = await world.api.get('ConfigMap', at(objectName));
        expect(read?.data).toEqual({ a: '1' });
        expect(read?.metadata?.labels).toEqual({ one: '1' });
        await world.api.apply(applied(objectName, {}), world.namespace);
        const bare = await world.api.get('ConfigMap', at(objectName));
        expect(bare?.data).toBeUndefined();
        expect(bare?.metadata?.labels).toBeUndefined();
      });

      test('does not take away what somebody else has changed since', async () => {
        const objectName = freshName();
        await world.api.apply(applied(objectName, {}, { labels: { a: 'ours', b: 'ours' } }), world.namespace);
        await world.api.patchMetadata('ConfigMap', at(objectName), { labels: { a: 'theirs' } }, {});
        await world.api.apply(applied(objectName, {}), world.namespace);
        expect((await world.api.get('ConfigMap', at(objectName)))?.metadata?.labels).toEqual({ a: 'theirs' });
      });

      test('takes back with force what somebody else has changed', async () => {
        const objectName = freshName();
        const manifest = applied(objectName, {}, { labels: { a: 'ours' } });
        await world.api.apply(manifest, world.namespace);
        await world.api.patchMetadata('ConfigMap', at(objectName), { labels: { a: 'theirs' } }, {});
        await world.api.apply(manifest, world.namespace);
        expect((await world.api.get('ConfigMap', at(objectName)))?.metadata?.labels).toEqual({ a: 'ours' });
      });

      test('that changes nothing makes no new version', async () => {
        const objectName = freshName();
        const manifest = applied(objectName, { data: { a: '1' } });
        const first = await world.api.apply(manifest, world.namespace);
        const second = await world.api.apply(manifest, world.namespace);
        expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
      });

      test('replaces a list of names by a shorter one', async () => {
        const objectName = freshName();
        const ports = [
          { name: 'rest', port: 6333 },
          { name: 'grpc', port: 6334 },
        ];
        const manifest = (count: number): Manifest => ({
          ...{ kind: 'Service', apiVersion: 'v1', metadata: { name: objectName } },
          spec: { clusterIP: 'None', selector: { app: 'a' }, ports: ports.slice(0, count) },
        });
        await world.api.apply(manifest(2), world.namespace);
        await world.api.apply(manifest(1), world.namespace);
        const read = await world.api.get('Service', at(objectName));
        expect(read?.spec?.ports?.map(({ name: port }) => port)).toEqual(['rest']);
      });

      test('with a version or uid is a conflict when that is not the object', async () => {
        const objectName = freshName();
        const first = identityOf(await world.api.apply(applied(objectName, { data: { a: '1' } }), world.namespace));
        const second = identityOf(await world.api.apply(applied(objectName, { data: { a: '2' } }), world.namespace));
        const { resourceVersion } = first;
        const stale = applied(objectName, { data: { a: '3' } }, { resourceVersion });
        await failsWith('conflict', world.api.apply(stale, world.namespace));
        const strange = applied(objectName, { data: { a: '3' } }, { uid: otherUid });
        await failsWith('conflict', world.api.apply(strange, world.namespace));
        const right = applied(
          objectName,
          { data: { a: '4' } },
          { resourceVersion: second.resourceVersion, uid: first.uid },
        );
        await world.api.apply(right, world.namespace);
        await failsWith('conflict', world.api.apply(applied(freshName(), {}, { uid: first.uid }), world.namespace));
        // A version alone holds back nothing where there is no object: it is made anew.
        const anew = freshName();
        await world.api.apply(applied(anew, {}, { resourceVersion }), world.namespace);
        expect(await isGone('ConfigMap', anew)).toBe(false);
      });
    });

    describe('spec and status', () => {
      test('the generation counts changes of the spec only', async () => {
        const objectName = freshName();
        const created = await world.api.create('QdrantCluster', world.namespace, cluster(objectName, 1));
        expect(created.metadata.generation).toBe(1);
        await world.api.patchMetadata('QdrantCluster', at(objectName), { labels: { a: 'b' } }, {});
        await world.api.applyStatus(at(objectName), { observedGeneration: 1 }, {});
        const same = await world.api.get('QdrantCluster', at(objectName));
        expect(same?.metadata.generation).toBe(1);
        const changed = { ...created, metadata: same!.metadata, spec: { ...created.spec, size: 2 } };
        expect((await world.api.replace('QdrantCluster', at(objectName), changed)).metadata.generation).toBe(2);
      });

      test('a status is written apart: neither reaches the other', async () => {
        const objectName = freshName();
        const withStatus = { ...cluster(objectName, 1), status: { observedGeneration: 9 } };
        const created = await world.api.create('QdrantCluster', world.namespace, withStatus);
        expect(created.status).toBeUndefined();
        await world.api.applyStatus(at(objectName), { observedGeneration: 1 }, {});
        const read = await world.api.get('QdrantCluster', at(objectName));
        expect(read?.status).toEqual({ observedGeneration: 1 });
        const replaced = await world.api.replace('QdrantCluster', at(objectName), {
          ...read!,
          status: { observedGeneration: 9 },
        });
        expect(replaced.status).toEqual({ observedGeneration: 1 });
        await world.api.apply(
          { ...cluster(objectName, 1), metadata: { name: objectName }, status: { observedGeneration: 9 } },
          world.namespace,
        );
        expect((await world.api.get('QdrantCluster', at(objectName)))?.status).toEqual({ observedGeneration: 1 });
      });

      test('fields of the status that are applied no more go', async () => {
        const objectName = freshName();
        await world.api.create('QdrantCluster', world.namespace, cluster(objectName, 1));
        await world.api.applyStatus(at(objectName), { observedGeneration: 1, phase: 'Healthy' }, {});
        const next = await world.api.applyStatus(at(objectName), { phase: 'Healthy' }, {});
        expect(next.status).toEqual({ phase: 'Healthy' });
      });

      test('a status for a version that is not the last is a conflict', async () => {
        const objectName = freshName();
        const created = await world.api.create('QdrantCluster', world.namespace, cluster(objectName, 1));
        const { resourceVersion } = identityOf(created);
        const first = await world.api.applyStatus(at(objectName), { phase: 'Creating' }, { resourceVersion });
        expect(first.metadata.resourceVersion).not.toBe(resourceVersion);
        await failsWith('conflict', world.api.applyStatus(at(objectName), { phase: 'Healthy' }, { resourceVersion }));
        await failsWith('not-found', world.api.applyStatus(at(freshName()), { phase: 'Healthy' }, {}));
      });
    });

    describe('labels and annotations', () => {
      test('are set and taken away one by one, and the new version is the answer', async () => {
        const { name: objectName, resourceVersion } = await createConfigMap();
        const change = { labels: { a: '1', b: '2' }, annotations: { 'test/x': 'y' } };
        const first = await world.api.patchMetadata('ConfigMap', at(objectName), change, { resourceVersion });
        expect(first.metadata).toMatchObject(change);
        const next = await world.api.patchMetadata(
          'ConfigMap',
          at(objectName),
          { labels: { a: null, none: null } },
          {},
        );
        expect(next.metadata?.labels).toEqual({ b: '2' });
        expect(next.metadata?.annotations).toEqual({ 'test/x': 'y' });
        expect(await world.api.get('ConfigMap', at(objectName))).toEqual(next);
      });

      test('beside owners, which are written all at once', async () => {
        const owner = await createConfigMap();
        const { name: objectName } = await createConfigMap();
        const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner.name, uid: owner.uid };
        const owned = await world.api.patchMetadata('ConfigMap', at(objectName), { ownerReferences: [reference] }, {});
        expect(owned.metadata?.ownerReferences).toEqual([reference]);
        const free = await world.api.patchMetadata('ConfigMap', at(objectName), { ownerReferences: [] }, {});
        expect(free.metadata?.ownerReferences).toBeUndefined();
      });

      test('of another object or version are a conflict, and of none an error', async () => {
        const { name: objectName, resourceVersion, uid } = await createConfigMap();
        const change = { labels: { a: '1' } };
        await world.api.patchMetadata('ConfigMap', at(objectName), change, { uid });
        const again = { labels: { a: '2' } };
        await failsWith('conflict', world.api.patchMetadata('ConfigMap', at(objectName), again, { resourceVersion }));
        await failsWith('conflict', world.api.patchMetadata('ConfigMap', at(objectName), again, { uid: otherUid }));
        await failsWith('not-found', world.api.patchMetadata('ConfigMap', at(freshName()), again, {}));
      });

      test('that are so already make no new version', async () => {
        const { name: objectName } = await createConfigMap();
        const first = await world.api.patchMetadata('ConfigMap', at(objectName), { labels: { a: '1' } }, {});
        const second = await world.api.patchMetadata('ConfigMap', at(objectName), { labels: { a: '1' } }, {});
        expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
      });
    });

    describe('deletion', () => {
      test('needs what its precondition says, and is no error when the object is gone', async () => {
        const { name: objectName, uid, resourceVersion } = await createConfigMap();
        await failsWith('conflict', world.api.delete('ConfigMap', at(objectName), { uid: otherUid }));
        await world.api.patchMetadata('ConfigMap', at(objectName), { labels: { a: '1' } }, {});
        await failsWith('conflict', world.api.delete('ConfigMap', at(objectName), { resourceVersion }));
        await world.api.delete('ConfigMap', at(objectName), { uid });
        expect(await isGone('ConfigMap', objectName)).toBe(true);
        await world.api.delete('ConfigMap', at(objectName), { uid });
      });

      test('waits for finalizers', async () => {
        const objectName = freshName();
        const metadata = { name: objectName, finalizers: ['test.local/hold'] };
        await world.api.create('ConfigMap', world.namespace, { metadata });
        await world.api.delete('ConfigMap', at(objectName), {});
        const held = await world.api.get('ConfigMap', at(objectName));
        expect(held?.metadata?.deletionTimestamp).toBeInstanceOf(Date);
        await world.api.delete('ConfigMap', at(objectName), {});
        const freed = { ...held, metadata: { ...held?.metadata, finalizers: [] } };
        await world.api.replace('ConfigMap', at(objectName), freed);
        expect(await isGone('ConfigMap', objectName)).toBe(true);
      });

      test('of a pod that is on a node waits for its kubelet, of another it does not', async () => {
        const free = freshName();
        await world.api.create('Pod', world.namespace, pod(free, { schedulerName: 'nobody' }));
        await world.api.delete('Pod', at(free), {});
        expect(await isGone('Pod', free)).toBe(true);
        const bound = freshName();
        await world.api.create('Pod', world.namespace, pod(bound, { nodeName: `node-${own}` }));
        await world.api.delete('Pod', at(bound), {});
        const held = await world.api.get('Pod', at(bound));
        expect(held?.metadata?.deletionTimestamp).toBeInstanceOf(Date);
        expect(held?.metadata?.deletionGracePeriodSeconds).toBe(30);
      });

      test('of an owner takes what it owns, and what names an owner that never was goes too', async () => {
        const owner = await createConfigMap();
        const owned = freshName();
        const orphan = freshName();
        const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner.name };
        const dependent = (objectName: string, uid: string): ResourceTypes['ConfigMap'] => ({
          metadata: { name: objectName, ownerReferences: [{ ...reference, uid }] },
        });
        await world.api.create('ConfigMap', world.namespace, dependent(owned, owner.uid));
        await world.api.create('ConfigMap', world.namespace, dependent(orphan, otherUid));
        await eventually(() => isGone('ConfigMap', orphan));
        expect(await isGone('ConfigMap', owned)).toBe(false);
        await world.api.delete('ConfigMap', at(owner.name), {});
        await eventually(() => isGone('ConfigMap', owned));
      }, 60_000);
    });

    describe('watches', () => {
      test('tell of everything after the version, in order, and end when they are aborted', async () => {
        const label = freshName();
        const labelSelector = `test=${label}`;
        const options = { namespace: world.namespace, labelSelector };
        const { resourceVersion } = await world.api.list('ConfigMap', options);
        const metadata = { name: freshName(), labels: { test: label } };
        await world.api.create('ConfigMap', world.namespace, { metadata, data: { a: '1' } });
        const abort = new AbortController();
        const watch = world.api.watch('ConfigMap', { ...options, resourceVersion, timeoutSeconds: 60 }, abort.signal);
        const events = watch[Symbol.asyncIterator]();
        expect(await nextChange(events)).toBe(`added ${metadata.name} 1`);
        const made = await createConfigMap();
        await world.api.apply(applied(metadata.name, { data: { a: '2' } }), world.namespace);
        expect(await nextChange(events)).toBe(`modified ${metadata.name} 2`);
        await world.api.delete('ConfigMap', at(metadata.name), {});
        expect(await nextChange(events)).toBe(`deleted ${metadata.name} 2`);
        await world.api.patchMetadata('ConfigMap', at(made.name), { labels: { test: label } }, {});
        expect(await nextChange(events)).toBe(`added ${made.name} 1`);
        await world.api.patchMetadata('ConfigMap', at(made.name), { labels: { test: null } }, {});
        expect(await nextChange(events)).toBe(`deleted ${made.name} 1`);
        abort.abort();
        expect((await events.next()).done).toBe(true);
      });

      test('begin with a bookmark, end by themselves, and go on where the last one ended', async () => {
        const options = { namespace: world.namespace, labelSelector: `test=${freshName()}`, timeoutSeconds: 2 };
        const labels = { test: options.labelSelector.slice('test='.length) };
        let { resourceVersion } = await world.api.list('ConfigMap', options);
        const read = async (): Promise<string[]> => {
          const seen: string[] = [];
          let ended = false;
          const reading = (async () => {
            const watch = world.api.watch('ConfigMap', { ...options, resourceVersion }, new AbortController().signal);
            for await (const event of watch) {
              const version =
                event.kind === 'bookmark' ? event.resourceVersion : identityOf(event.object).resourceVersion;
              seen.push(event.kind === 'bookmark' ? 'bookmark' : `${event.kind} ${identityOf(event.object).name}`);
              if (seen.length === 1) expect(version).toBe(resourceVersion);
              resourceVersion = version;
            }
          })().finally(() => (ended = true));
          await eventually(() => Promise.resolve(ended));
          await reading;
          return seen;
        };
        expect(await read()).toEqual(['bookmark']);
        const name = freshName();
        await world.api.create('ConfigMap', world.namespace, { metadata: { name, labels } });
        expect(await read()).toEqual(['bookmark', `added ${name}`]);
        await world.api.delete('ConfigMap', at(name), {});
        expect(await read()).toEqual(['bookmark', `deleted ${name}`]);
      }, 60_000);

      test('from a version that is long past are gone', async () => {
        const options = { namespace: world.namespace, resourceVersion: '1', timeoutSeconds: 60 };
        const watch = world.api.watch('ConfigMap', options, new AbortController().signal);
        const changes = async (): Promise<void> => {
          for await (const event of watch) expect(event.kind).toBe('bookmark');
        };
        await failsWith('gone', changes());
      });
    });
  });
}

const otherUid = '11111111-2222-4333-8444-555555555555';

interface Identity {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

function identityOf(object: ResourceTypes[Kind]): Identity {
  const { name = '', uid = '', resourceVersion = '' } = object.metadata ?? {};
  return { name, uid, resourceVersion };
}

async function failsWith(kind: KubernetesErrorKind, call: Promise<unknown>): Promise<void> {
  const outcome = await call.then(
    () => 'no error',
    (error: unknown) => (error instanceof KubernetesError ? error.kind : String(error)),
  );
  expect(outcome).toBe(kind);
}

async function nextChange(events: AsyncIterator<WatchEvent<ResourceTypes['ConfigMap']>>): Promise<string> {
  for (;;) {
    const next = await events.next();
    if (next.done === true) return 'the end';
    const event = next.value;
    if (event.kind !== 'bookmark') {
      return `${event.kind} ${event.object.metadata?.name} ${event.object.data?.['a'] ?? ''}`;
    }
  }
}
