import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/engine-error.js';
import { ServiceError } from '../../src/errors.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import type { ReplicaState } from '../../src/metadata/replica-state.js';
import { ReplicaReads, type ReadOptions } from '../../src/replica/replica-reads.js';
import { PeerUnreachable, ReplicaRefused, type RemoteReplicas } from '../../src/replica/remote-replicas.js';
import { seededRandom } from '../faults/seeded-random.js';
import { ModelShard } from './simulation/model-shard.js';
import { VirtualTime } from './simulation/virtual-time.js';

type Answer = number | Error | (() => number | Error);

const nobody = (): never => {
  throw new Error('nobody asks for it');
};

/** Peer 1 reads; the others count as they are told. */
class Reader {
  readonly asked: PeerId[] = [];
  readonly missed = new Set<PeerId>();
  readonly reads: ReplicaReads;
  index = 5;
  states: ReplicaState[] = ['Active', 'Active', 'Active'];
  local: ModelShard | null = null;

  constructor(answers: Readonly<Record<PeerId, Answer>>) {
    const remote: RemoteReplicas = {
      forward: nobody,
      acceptLeader: nobody,
      follow: nobody,
      replaceRange: nobody,
      search: nobody,
      retrieve: nobody,
      scroll: nobody,
      info: nobody,
      rangeDigest: nobody,
      missedWrites: nobody,
      count: (peer) => {
        this.asked.push(peer);
        const answer = answers[peer] ?? 0;
        const result = typeof answer === 'function' ? answer() : answer;
        return typeof result === 'number' ? Promise.resolve(result) : Promise.reject(result);
      },
    };
    this.reads = new ReplicaReads({
      self: 1,
      shard: 0,
      remote,
      clock: new VirtualTime(seededRandom(1)),
      random: () => 0.5,
      agreed: nobody,
      readTimeoutMs: 1_000,
      view: () => ({
        index: this.index,
        replicas: this.states.map((state, at) => ({ peer: at + 1, state })),
        writeConsistencyFactor: 1,
      }),
      target: () => ({ collection: 1, shard: 0, metadataIndex: this.index }),
      reached: (index) => {
        this.index = Math.max(this.index, index);
        return Promise.resolve(true);
      },
      readable: () => this.local,
      missed: () => this.missed,
    });
  }

  count(options: Partial<ReadOptions> = {}): Promise<number> {
    const all = { consistency: 1, routeAffinity: null, timeoutMs: null, ...options };
    return this.reads.count({ filter: null, exact: true }, all);
  }
}

const emptyShard = (): ModelShard =>
  new ModelShard({
    disk: { log: [] },
    matches: () => false,
    diskDelay: () => Promise.resolve(),
    applyDelay: () => Promise.resolve(),
  });

const away = (peer: PeerId): Error => new PeerUnreachable(peer, `peer ${peer} is away`);

describe('reads of a shard', () => {
  it('ask the replica here, and nobody else', async () => {
    const reader = new Reader({ 2: 7, 3: 7 });
    reader.local = emptyShard();
    expect(await reader.count()).toBe(0);
    expect(reader.asked).toEqual([]);
  });

  it('go on with the next after a failure', async () => {
    const reader = new Reader({ 2: away(2), 3: 7 });
    expect(await reader.count()).toBe(7);
    expect(reader.asked).toEqual([2, 3]);
  });

  it('leave out replicas that missed writes', async () => {
    const reader = new Reader({ 2: 6, 3: 7 });
    reader.missed.add(2);
    expect(await reader.count()).toBe(7);
    expect(reader.asked).toEqual([3]);
  });

  it('ask again whoever refused by newer metadata', async () => {
    let refused = false;
    const late = (): number | Error => {
      if (refused) return 7;
      refused = true;
      return new ReplicaRefused(9, { kind: 'replica-state' }, 'not yet');
    };
    const reader = new Reader({ 2: late, 3: away(3) });
    reader.missed.add(3);
    expect(await reader.count()).toBe(7);
    expect(reader.asked).toEqual([2, 2]);
    expect(reader.index).toBe(9);
  });

  it('say how many failed when all did', async () => {
    const reader = new Reader({ 2: away(2), 3: new ServiceError('internal', 'broken') });
    await expect(reader.count()).rejects.toMatchObject({
      httpStatus: 500,
      message: '2 of 2 read operations failed: peer 2 is away',
    });
  });

  it('end with an error of the request at once', async () => {
    const reader = new Reader({ 2: new ServiceError('bad-input', 'no such field'), 3: 7 });
    await expect(reader.count()).rejects.toMatchObject({ httpStatus: 400, message: 'no such field' });
    expect(reader.asked).toEqual([2]);
    const here = new Reader({ 2: 7 });
    here.local = emptyShard();
    here.local.count = () => Promise.reject(new EngineError('BAD_REQUEST', 'no such field'));
    await expect(here.count()).rejects.toMatchObject({ message: 'no such field' });
    expect(here.asked).toEqual([]);
  });

  it('fall back to another replica when the one here fails', async () => {
    const reader = new Reader({ 2: 7 });
    reader.local = emptyShard();
    reader.local.count = () => Promise.reject(new EngineError('IO', 'a bad block'));
    expect(await reader.count()).toBe(7);
  });

  it('ask as many as the consistency wants, and more when some fail', async () => {
    expect(await new Reader({ 1: 4, 2: 5, 3: 6 }).count({ consistency: 2 })).toBe(5);
    const majority = new Reader({ 1: 4, 2: 5, 3: 6 });
    majority.local = emptyShard();
    expect(await majority.count({ consistency: 'majority' })).toBe(5);
    const failing = new Reader({ 2: away(2), 3: 6 });
    failing.local = emptyShard();
    expect(await failing.count({ consistency: 'quorum' })).toBe(0);
    expect(failing.asked).toEqual([2, 3]);
  });

  it('are refused when too few replicas could answer', async () => {
    const reader = new Reader({});
    reader.states = ['Initializing', 'Active', 'Dead'];
    await expect(reader.count({ consistency: 'all' })).rejects.toMatchObject({
      httpStatus: 500,
      message: 'The replica set for shard 0 on peer 1 does not have enough active replicas',
    });
  });
});
