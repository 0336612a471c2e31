import { expect, test } from 'vitest';
import type { KubernetesApi } from '../../src/k8s/kubernetes-api.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import { ObjectCache } from '../../src/k8s/object-cache.js';
import { Reflector } from '../../src/k8s/reflector.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes, type Interceptor } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

class Reflected {
  readonly clock = new VirtualClock();
  readonly server = new FakeApiServer(this.clock);
  readonly api: FakeKubernetes;
  readonly cache = new ObjectCache('ConfigMap', {
    indexedLabel: 'cluster',
    onListenerError: (error) => this.listenerErrors.push(error),
  });
  readonly reflector: Reflector<'ConfigMap'>;
  readonly errors: string[] = [];
  readonly listenerErrors: unknown[] = [];
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(interceptor: Interceptor = {}, wrap: (api: KubernetesApi) => KubernetesApi = (api) => api) {
    this.api = new FakeKubernetes(this.server, interceptor);
    this.reflector = new Reflector({
      api: wrap(this.api),
      cache: this.cache,
      clock: this.clock,
      random: () => 0.5,
      onError: (error) => this.errors.push(error instanceof Error ? error.message : String(error)),
    });
    // Not before whoever makes this world has it.
    this.#running = Promise.resolve().then(() => this.reflector.run(this.#abort.signal));
  }

  create(name: string, cluster = 'a'): void {
    this.server.create('ConfigMap', 'test', { metadata: { name, labels: { cluster } } });
  }

  delete(name: string): void {
    this.server.delete('ConfigMap', { namespace: 'test', name }, {});
  }

  names(): string[] {
    return this.cache.all().flatMap(({ metadata }) => metadata?.name ?? []);
  }

  verbs(): string[] {
    return this.api.calls.map(({ verb }) => verb);
  }

  async shows(...names: string[]): Promise<void> {
    const equal = (): boolean => this.names().sort().join() === names.join();
    await this.clock.runUntil(equal, 3_600_000);
    expect(this.names().sort()).toEqual(names);
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}

test('a cache is filled by a list and followed by one watch, found by label and without a request', async () => {
  const world = new Reflected();
  world.create('before');
  await world.shows('before');
  expect(world.reflector.synced).toBe(true);
  world.create('after', 'b');
  await world.shows('after', 'before');
  expect(world.cache.labelled('test', 'b').map(({ metadata }) => metadata?.name)).toEqual(['after']);
  world.server.patchMetadata(
    'ConfigMap',
    { namespace: 'test', name: 'after' },
    { labels: { cluster: 'a' }, annotations: {} },
    {},
  );
  await world.clock.run(1);
  expect(world.cache.labelled('test', 'b')).toEqual([]);
  expect(world.cache.labelled('test', 'a')).toHaveLength(2);
  world.delete('before');
  await world.shows('after');
  expect(world.verbs()).toEqual(['list', 'watch']);
  await world.end();
});

test('a watch that ends is followed by one from where it ended, without a list', async () => {
  const world = new Reflected();
  world.create('a');
  await world.shows('a');
  await world.clock.run(900_000);
  world.create('b');
  await world.shows('a', 'b');
  expect(world.verbs().filter((verb) => verb === 'list')).toHaveLength(1);
  expect(world.verbs().filter((verb) => verb === 'watch').length).toBeGreaterThan(1);
  await world.end();
});

test('a connection that dies without a word is noticed after its silence, and nothing is missed', async () => {
  const world = new Reflected();
  world.create('a');
  await world.shows('a');
  world.server.silenceWatches();
  world.create('b');
  world.delete('a');
  await world.clock.run(140_000);
  expect(world.names()).toEqual(['a']);
  await world.clock.run(20_000);
  expect(world.names()).toEqual(['b']);
  expect(world.errors).toEqual(['a watch of ConfigMap was silent for 150000 ms']);
  await world.end();
});

test('contact is what a gauge may rest on: it stays fresh where nothing happens', async () => {
  const world = new Reflected();
  await world.clock.run(3_600_000);
  expect(world.clock.monotonicMs() - (world.reflector.lastContactMs ?? 0)).toBeLessThanOrEqual(150_000);
  await world.end();
});

test('after a version that is gone comes a list, and what was deleted meanwhile is told', async () => {
  const world = new Reflected();
  world.create('a');
  world.create('b');
  await world.shows('a', 'b');
  const told: string[] = [];
  world.cache.subscribe(({ name, before, after }) => {
    told.push(`${name.name} ${before === null ? 'none' : 'some'} -> ${after === null ? 'none' : 'some'}`);
  });
  world.server.silenceWatches();
  world.delete('a');
  world.create('c');
  world.server.compact();
  await world.shows('b', 'c');
  expect(told).toEqual(['a some -> none', 'c none -> some']);
  expect(world.verbs()).toEqual(['list', 'watch', 'watch', 'list', 'watch']);
  await world.end();
});

test('versions that are gone again and again do not make a storm of lists', async () => {
  const world = new Reflected({
    before: ({ verb }) => {
      if (verb === 'watch') throw new KubernetesError('gone', 'too old');
    },
  });
  await world.clock.run(60_000);
  expect(world.verbs().filter((verb) => verb === 'list').length).toBeLessThan(12);
  await world.end();
});

test('a server in trouble is asked ever more rarely, and never sooner than it says', async () => {
  const asked: number[] = [];
  const world = new Reflected({
    before: () => {
      asked.push(world.clock.monotonicMs());
      if (asked.length <= 8) throw new KubernetesError('unavailable', 'overloaded', asked.length === 1 ? 20_000 : null);
    },
  });
  world.create('a');
  await world.shows('a');
  const pauses = asked.slice(1, 9).map((at, i) => at - asked[i]!);
  expect(pauses[0]).toBeGreaterThanOrEqual(20_000);
  expect(pauses.slice(1)).toEqual([750, 1500, 3000, 6000, 12_000, 22_500, 22_500]);
  await world.end();
});

test('a server that ends every watch at once is not asked in a hot loop', async () => {
  const world = new Reflected({}, (api) => ({
    list: api.list.bind(api),
    get: api.get.bind(api),
    create: api.create.bind(api),
    replace: api.replace.bind(api),
    apply: api.apply.bind(api),
    applyStatus: api.applyStatus.bind(api),
    patchMetadata: api.patchMetadata.bind(api),
    delete: api.delete.bind(api),
    watch: (kind, options, signal) => {
      const ended = AbortSignal.any([signal, AbortSignal.abort()]);
      return api.watch(kind, options, ended);
    },
  }));
  await world.clock.run(10_000);
  expect(world.verbs().filter((verb) => verb === 'watch').length).toBeLessThan(40);
  await world.end();
});

test('a listener that throws harms neither the cache nor the others', async () => {
  const world = new Reflected();
  const heard: string[] = [];
  world.cache.subscribe(() => {
    throw new Error('a defect of a listener');
  });
  world.cache.subscribe(({ name }) => heard.push(name.name));
  world.create('a');
  world.create('b');
  await world.shows('a', 'b');
  expect(heard).toEqual(['a', 'b']);
  expect(world.listenerErrors).toHaveLength(2);
  expect(world.errors).toEqual([]);
  await world.end();
});

test('a list that is asked for while one runs begins after it', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const world = new Reflected({
    after: ({ number }) => (number === 1 ? held : undefined),
  });
  await world.clock.run(1);
  world.reflector.relist();
  release();
  await world.clock.run(1);
  expect(world.verbs()).toEqual(['list', 'list', 'watch']);
  await world.end();
});
