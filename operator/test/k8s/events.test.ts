import { expect, test } from 'vitest';
import type { EventsV1Event } from '@kubernetes/client-node';
import { EventRecorder, type ToldEvent } from '../../src/k8s/events.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes, type Interceptor } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

type Reason = 'StepTaken' | 'Blocked';

class Told {
  readonly clock = new VirtualClock();
  readonly server = new FakeApiServer(this.clock);
  readonly api: FakeKubernetes;
  readonly recorder: EventRecorder<Reason>;
  readonly errors: unknown[] = [];
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(interceptor: Interceptor = {}) {
    this.api = new FakeKubernetes(this.server, interceptor);
    this.recorder = new EventRecorder({
      ...{ api: this.api, clock: this.clock, controller: 'qdrant-operator', instance: 'pod-1' },
      onError: (error) => this.errors.push(error),
    });
    this.#running = this.recorder.run(this.#abort.signal);
  }

  tell(note: string, more: Partial<ToldEvent<Reason>> = {}): void {
    const metadata = { name: 'docs', namespace: 'test', uid: 'uid-1', resourceVersion: '7' };
    const regarding = { apiVersion: 'qdrantcluster.dev/v1', kind: 'QdrantCluster', metadata };
    this.recorder.record({ regarding, type: 'Normal', reason: 'StepTaken', action: 'Join', note, ...more });
  }

  events(): readonly EventsV1Event[] {
    return this.server.list('Event').items;
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }
}

test('an event says what was done to which object, by whom and when', async () => {
  const world = new Told();
  world.tell('Peer 2 joins');
  await world.clock.run(10);
  expect(world.events()).toHaveLength(1);
  expect(world.events()[0]).toMatchObject({
    ...{ type: 'Normal', reason: 'StepTaken', action: 'Join', note: 'Peer 2 joins' },
    ...{ reportingController: 'qdrant-operator', reportingInstance: 'pod-1' },
    regarding: { kind: 'QdrantCluster', namespace: 'test', name: 'docs', uid: 'uid-1' },
    metadata: { namespace: 'test' },
  });
  expect(world.events()[0]?.eventTime.getTime()).toBe(world.clock.nowMs() - 10);
  expect(world.events()[0]?.series).toBeUndefined();
  await world.end();
});

test('the same thing again becomes a series, written once a minute at most', async () => {
  const world = new Told();
  for (let i = 0; i < 100; i += 1) {
    world.tell('still blocked', { reason: 'Blocked', type: 'Warning' });
    await world.clock.run(1500);
  }
  await world.clock.run(60_000);
  expect(world.events()).toHaveLength(1);
  expect(world.events()[0]?.series?.count).toBe(100);
  expect(world.api.calls.map(({ verb }) => verb)).toEqual(['create', 'update', 'update', 'update']);
  await world.clock.run(600_000);
  world.tell('still blocked', { reason: 'Blocked', type: 'Warning' });
  await world.clock.run(10);
  expect(world.events()).toHaveLength(2);
  await world.end();
});

test('one object cannot flood the API server', async () => {
  const world = new Told();
  for (let i = 0; i < 200; i += 1) world.tell(`message ${i}`);
  await world.clock.run(10);
  expect(world.events()).toHaveLength(25);
  expect(world.recorder.dropped).toBe(175);
  await world.clock.run(120_000);
  for (let i = 0; i < 5; i += 1) world.tell(`later ${i}`);
  await world.clock.run(10);
  expect(world.events()).toHaveLength(27);
  await world.end();
});

test('memory is bounded, however much is told while nothing can be written', () => {
  const world = new Told({ before: () => new Promise<void>(() => undefined) });
  for (let i = 0; i < 5000; i += 1) {
    const metadata = { name: `c${i}`, namespace: 'test', uid: `uid-${i}` };
    world.tell('x', { regarding: { apiVersion: 'v1', kind: 'QdrantCluster', metadata } });
  }
  expect(world.recorder.dropped).toBe(4000);
});

test('an API server that refuses is tried a few times, and nobody is told', async () => {
  let failing = true;
  const world = new Told({
    before: () => {
      if (failing) throw new KubernetesError('unavailable', 'away');
    },
  });
  world.tell('lost');
  await world.clock.run(60_000);
  expect(world.errors).toHaveLength(3);
  failing = false;
  world.tell('found');
  await world.clock.run(10);
  expect(world.events().map(({ note }) => note)).toEqual(['found']);
  await world.end();
});

test('an event that was deleted is said anew when it goes on', async () => {
  const world = new Told();
  world.tell('again');
  await world.clock.run(10);
  world.server.delete('Event', { namespace: 'test', name: world.events()[0]?.metadata?.name ?? '' }, {});
  world.tell('again');
  await world.clock.run(120_000);
  expect(world.events().map(({ note, series }) => [note, series?.count])).toEqual([['again', 2]]);
  await world.end();
});

test('a note is cut to what the API takes, between characters', async () => {
  const world = new Told();
  world.tell('ä'.repeat(2000));
  world.tell(`broken \ud800`);
  await world.clock.run(10);
  const notes = world.events().map(({ note }) => note ?? '');
  expect(notes.map((note) => Buffer.byteLength(note) <= 1024)).toEqual([true, true]);
  expect(notes.find((note) => note.startsWith('ä'))).toMatch(/^ä+\.\.\.$/);
  await world.end();
});
