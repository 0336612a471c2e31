import { expect, test } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import { LeaderLease } from '../../src/k8s/lease.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes, type Interceptor } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

const leaseName = { namespace: 'test', name: 'operator' };

/** The clock of a process that can be stopped: nothing in it goes on before it is thawed, but time does. */
class FreezableClock implements Clock {
  readonly #clock: VirtualClock;
  /** Its wall clock is wrong by so much. */
  readonly #skewMs: number;
  #thawsAtMs = 0;

  constructor(clock: VirtualClock, skewMs: number) {
    this.#clock = clock;
    this.#skewMs = skewMs;
  }

  freeze(ms: number): void {
    this.#thawsAtMs = this.#clock.monotonicMs() + ms;
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#skewMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    const frozenMs = this.#thawsAtMs - this.#clock.monotonicMs();
    if (frozenMs > 0) await this.#clock.sleep(frozenMs);
  }
}

class Candidate {
  readonly clock: FreezableClock;
  readonly lease: LeaderLease;
  readonly told: string[] = [];
  readonly errors: unknown[] = [];
  readonly api: FakeKubernetes;
  readonly #world: Election;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(world: Election, identity: string, interceptor: Interceptor = {}, skewMs = 0) {
    this.#world = world;
    this.clock = new FreezableClock(world.clock, skewMs);
    this.api = new FakeKubernetes(world.server, interceptor);
    this.lease = new LeaderLease({
      ...{ api: this.api, clock: this.clock, random: () => 0.5, identity, ...leaseName },
      onError: (error) => this.errors.push(error),
    });
    this.#running = this.lease.run(this.#abort.signal, {
      onAcquired: () => this.told.push('acquired'),
      onLost: (why) => this.told.push(`lost: ${why}`),
    });
  }

  get leads(): boolean {
    return this.lease.remainingMs() > 0;
  }

  async end(): Promise<void> {
    this.#abort.abort();
    let ended = false;
    void this.#running.finally(() => (ended = true));
    expect(await this.#world.clock.runUntil(() => ended, 30_000)).toBe(true);
  }
}

class Election {
  readonly clock = new VirtualClock();
  readonly server = new FakeApiServer(this.clock);

  holder(): string {
    return this.server.get('Lease', leaseName)?.spec?.holderIdentity ?? '';
  }

  async until(condition: () => boolean, withinMs: number): Promise<void> {
    expect(await this.clock.runUntil(condition, withinMs)).toBe(true);
  }
}

test('one leads and renews, the other waits', async () => {
  const world = new Election();
  const first = new Candidate(world, 'first');
  await world.until(() => first.leads, 100);
  const second = new Candidate(world, 'second');
  for (let i = 0; i < 60; i += 1) {
    await world.clock.run(1000);
    expect(first.lease.remainingMs()).toBeGreaterThanOrEqual(13_000);
    expect(second.leads).toBe(false);
  }
  expect(world.server.get('Lease', leaseName)?.spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 0 });
  await first.end();
  await second.end();
});

test('a leader that ends in order gives the Lease back, and the next has it within seconds', async () => {
  const world = new Election();
  const first = new Candidate(world, 'first');
  await world.until(() => first.leads, 100);
  const second = new Candidate(world, 'second');
  await world.clock.run(5000);
  await first.end();
  expect(first.leads).toBe(false);
  expect(world.holder()).toBe('');
  await world.until(() => second.leads, 3000);
  expect(second.lease.transitions).toBe(1);
  expect(first.told).toEqual(['acquired']);
  await second.end();
});

test('a leader that dies is followed after the duration of its Lease', async () => {
  const world = new Election();
  const dead = new Candidate(world, 'dead', {
    before: ({ number }) => (number > 4 ? new Promise<void>(() => undefined) : undefined),
  });
  await world.until(() => dead.leads, 100);
  const second = new Candidate(world, 'second');
  await world.clock.run(14_000);
  expect(second.leads).toBe(false);
  await world.until(() => second.leads, 12_000);
  expect(second.lease.transitions).toBe(1);
  expect(dead.leads).toBe(false);
  expect(dead.told[1]).toMatch(/^lost: it was not renewed/);
  await second.end();
});

test('clocks that differ by hours change nothing: only what is observed counts', async () => {
  const world = new Election();
  const first = new Candidate(world, 'first', {}, -7_200_000);
  await world.until(() => first.leads, 100);
  const second = new Candidate(world, 'second', {}, 7_200_000);
  await world.clock.run(60_000);
  expect([first.leads, second.leads]).toEqual([true, false]);
  await first.end();
  await second.end();
});

test('a frozen leader has lost the lead by its own clock before anybody else can have it', async () => {
  const world = new Election();
  const frozen = new Candidate(world, 'frozen');
  await world.until(() => frozen.leads, 100);
  const second = new Candidate(world, 'second');
  await world.clock.run(5000);
  frozen.clock.freeze(60_000);
  await world.clock.runUntil(() => second.leads, 40_000);
  expect(second.leads).toBe(true);
  expect(frozen.lease.remainingMs()).toBe(0);
  await world.clock.run(60_000);
  expect(frozen.told).toEqual(['acquired', 'lost: it was not renewed for 10000 ms']);
  expect(world.holder()).toBe('second');
  expect(frozen.lease.remainingMs()).toBe(0);
  await second.end();
});

test('what remains is counted from before the renewal was sent', async () => {
  const world = new Election();
  const slow = new Candidate(world, 'slow', {
    after: ({ verb }) => (verb === 'get' ? undefined : world.clock.sleep(3000)),
  });
  await world.until(() => slow.leads, 4000);
  expect(slow.lease.remainingMs()).toBe(12_000);
  await slow.end();
});

test('a renewal whose answer is lost is found again, and the lead goes on', async () => {
  const world = new Election();
  const leader: Candidate = new Candidate(world, 'leader', {
    after: ({ number }) => {
      if (number === 3 || number === 6) throw new KubernetesError('unavailable', 'no answer');
    },
  });
  await world.clock.run(60_000);
  expect(leader.told).toEqual(['acquired']);
  expect(leader.errors).toHaveLength(2);
  expect(leader.lease.transitions).toBe(0);
  await leader.end();
});

test('an API server that is away for longer than the renewals may take ends the lead', async () => {
  const world = new Election();
  let away = false;
  const leader = new Candidate(world, 'leader', {
    before: () => {
      if (away) throw new KubernetesError('unavailable', 'away');
    },
  });
  await world.until(() => leader.leads, 100);
  away = true;
  await world.clock.run(9000);
  expect(leader.told).toEqual(['acquired']);
  await world.clock.run(4000);
  expect(leader.told).toEqual(['acquired', 'lost: it was not renewed for 10000 ms']);
  expect(leader.leads).toBe(false);
});

test('a Lease that is taken away or deleted is lost at the next renewal', async () => {
  for (const change of ['taken', 'deleted'] as const) {
    const world = new Election();
    const leader = new Candidate(world, 'leader');
    await world.until(() => leader.leads, 100);
    if (change === 'deleted') world.server.delete('Lease', leaseName, {});
    else world.server.update('Lease', leaseName, (lease) => (lease.spec = { holderIdentity: 'somebody' }));
    await world.clock.run(3000);
    expect(leader.told[1]).toBe(
      change === 'taken' ? 'lost: another process has taken it' : 'lost: the Lease was deleted',
    );
  }
});

test('a process that comes back under its name takes its Lease at once, as a new term', async () => {
  const world = new Election();
  const before = new Candidate(world, 'pod', {
    before: ({ number }) => (number > 2 ? new Promise<void>(() => undefined) : undefined),
  });
  await world.until(() => before.leads, 100);
  const after = new Candidate(world, 'pod');
  await world.until(() => after.leads, 1000);
  expect(after.lease.transitions).toBe(1);
  await after.end();
});

test('a record full of nonsense keeps nobody out for ever', async () => {
  const world = new Election();
  world.server.create('Lease', 'test', {
    metadata: { name: 'operator' },
    spec: { holderIdentity: 'ghost', leaseDurationSeconds: 2_000_000_000, leaseTransitions: -7 },
  });
  const next = new Candidate(world, 'next');
  await world.until(() => next.leads, 310_000);
  expect(next.lease.transitions).toBe(1);
  await next.end();
});
