import { expect, test } from 'vitest';
import { KubernetesError, type ObjectName } from '../../src/k8s/kubernetes-api.js';
import { ObjectCache } from '../../src/k8s/object-cache.js';
import { OwnWrites } from '../../src/k8s/own-writes.js';
import { Reflector } from '../../src/k8s/reflector.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes, type Interceptor } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

const a: ObjectName = { namespace: 'test', name: 'a' };

class Written {
  readonly clock = new VirtualClock();
  readonly server = new FakeApiServer(this.clock);
  readonly cache = new ObjectCache('ConfigMap', { onListenerError: (error) => expect.fail(String(error)) });
  readonly reflector = new Reflector({
    api: new FakeKubernetes(this.server),
    ...{ cache: this.cache, clock: this.clock, random: () => 0.5, onError: () => undefined },
  });
  readonly writes: OwnWrites;
  readonly #abort = new AbortController();
  readonly #running = this.reflector.run(this.#abort.signal);

  constructor(interceptor: Interceptor = {}) {
    this.writes = new OwnWrites({
      api: new FakeKubernetes(this.server, interceptor),
      clock: this.clock,
      cacheOf: (kind) => (kind === 'ConfigMap' ? this.cache : null),
      relist: () => this.reflector.relist(),
    });
  }

  async settledWithin(ms: number): Promise<boolean> {
    let settled = false;
    const abort = new AbortController();
    const waiting = this.writes.settled(abort.signal).then(
      () => (settled = true),
      () => undefined,
    );
    await this.clock.runUntil(() => settled, ms);
    abort.abort();
    await waiting;
    return settled;
  }

  label(value: string): Promise<unknown> {
    return this.writes.patchMetadata('ConfigMap', a, { labels: { value } }, {});
  }

  cached(): string | null {
    return this.cache.get(a)?.metadata?.labels?.['value'] ?? null;
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}

async function withObject(interceptor: Interceptor = {}): Promise<Written> {
  const world = new Written(interceptor);
  world.server.create('ConfigMap', 'test', { metadata: { name: 'a' } });
  await world.clock.runUntil(() => world.cache.get(a) !== null, 1000);
  return world;
}

test('a write is waited for until the cache shows it', async () => {
  const world = await withObject();
  world.server.watchDelayMs = 800;
  await world.label('1');
  expect(world.cached()).toBeNull();
  expect(await world.settledWithin(700)).toBe(false);
  expect(await world.settledWithin(200)).toBe(true);
  expect(world.cached()).toBe('1');
  await world.end();
});

test('what the cache has shown before the answer came is not waited for, even if it is past it', async () => {
  const world: Written = await withObject({
    after: async () => {
      world.server.update('ConfigMap', a, (object) => (object.data = { more: 'later' }));
      await world.clock.run(10);
    },
  });
  await world.label('1');
  expect(world.cache.get(a)?.data).toEqual({ more: 'later' });
  expect(world.writes.pending).toBe(0);
  await world.end();
});

test('a write that changes nothing is waited for only while the cache is behind', async () => {
  const world = await withObject();
  await world.label('1');
  expect(await world.settledWithin(10)).toBe(true);
  await world.label('1');
  expect(world.writes.pending).toBe(0);
  await world.end();
});

test('several writes to one object are all waited for, and writes of others do not count', async () => {
  const world = await withObject();
  world.server.watchDelayMs = 500;
  world.server.update('ConfigMap', a, (object) => (object.data = { by: 'another' }));
  await world.clock.run(100);
  await world.label('1');
  await world.clock.run(100);
  await world.label('2');
  expect(world.writes.pending).toBe(2);
  await world.clock.run(320);
  expect(world.cache.get(a)?.data).toEqual({ by: 'another' });
  expect(world.writes.pending).toBe(2);
  expect(await world.settledWithin(200)).toBe(true);
  expect(world.cached()).toBe('2');
  await world.end();
});

test('a deletion is seen when the object is gone or goes', async () => {
  const world = await withObject();
  world.server.watchDelayMs = 300;
  await world.writes.delete('ConfigMap', a, {});
  expect(await world.settledWithin(200)).toBe(false);
  expect(await world.settledWithin(200)).toBe(true);
  expect(world.cache.get(a)).toBeNull();
  await world.end();
});

test('a watch that never shows a write is replaced by a list', async () => {
  const world = await withObject();
  world.server.silenceWatches();
  await world.label('1');
  expect(await world.settledWithin(4000)).toBe(false);
  expect(await world.settledWithin(6000)).toBe(true);
  expect(world.cached()).toBe('1');
  await world.end();
});

test('after a write whose answer was lost the cache is made good by a list', async () => {
  const world = await withObject({
    after: () => {
      throw new KubernetesError('unavailable', 'no answer');
    },
  });
  world.server.silenceWatches();
  await expect(world.label('1')).rejects.toThrow('no answer');
  expect(world.writes.pending).toBe(1);
  expect(await world.settledWithin(2000)).toBe(true);
  expect(world.cached()).toBe('1');
  await world.end();
});

test('what was refused, and what is in no cache, is not waited for', async () => {
  const world = await withObject();
  await expect(world.writes.patchMetadata('ConfigMap', a, {}, { uid: 'other' })).rejects.toThrow();
  await world.writes.create('Lease', 'test', { metadata: { name: 'lease' } });
  expect(world.writes.pending).toBe(0);
  await world.end();
});
