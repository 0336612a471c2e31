import { describe, expect, it } from 'vitest';
import { RaftNode } from '../../src/raft/raft-node.js';
import type { Plan } from './simulator/plan.js';
import { unitsPerTick } from './simulator/plan.js';
import { World } from './simulator/world.js';

/** Nothing is wrong but what a test adds. */
const healthy: Partial<Plan> = {
  ...{ spares: 0, ticks: 120, preVote: true, checkQuorum: true, electionTicks: 10, heartbeatTicks: 1 },
  ...{ messageDelay: [0, 1], straggling: 0, loss: 0, duplication: 0, diskDelay: [0, 1], diskStalls: 0 },
  ...{ crashes: 0, crashesOnWrite: 0, partitions: 0, memberChanges: 0, transfers: 0, snapshotRequests: 0, resets: 0 },
};

function world(seed: number, plan: Partial<Plan>): World {
  return new World({ seed, plan: { ...healthy, ...plan }, makeRaft: (config, state) => new RaftNode(config, state) });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Ticks from the death of the leader to the next one. */
function failoverTicks(seed: number, plan: Partial<Plan>): number {
  const cluster = world(seed, plan);
  for (let tick = 0; cluster.leader === undefined; tick += 1) {
    if (tick > 200) throw new Error('there is no leader to be killed');
    cluster.runFor(unitsPerTick);
  }
  cluster.runFor(5 * unitsPerTick + (seed % unitsPerTick));
  cluster.crash(cluster.leader);
  const killed = cluster.events.now;
  const hasLeader = (): boolean => cluster.leader !== undefined;
  while (!hasLeader() && cluster.events.now < killed + 500) cluster.runFor(1);
  return (cluster.events.now - killed) / unitsPerTick;
}

const seeds = Array.from({ length: 100 }, (_, at) => at + 1);

describe('evidence that the leader is gone', () => {
  it.each([3, 5])('makes a new leader of %i peers in well under an election timeout', (voters) => {
    const told = seeds.map((seed) => failoverTicks(seed, { voters, evidence: 1 }));
    const silent = seeds.map((seed) => failoverTicks(seed, { voters, evidence: 0 }));
    console.log(
      `${voters} peers, ticks to the next leader: told ${median(told)}, at most ${Math.max(...told)}; ` +
        `by the timeout ${median(silent)}, at most ${Math.max(...silent)}`,
    );
    expect(median(told)).toBeLessThan(2);
    expect(Math.max(...told)).toBeLessThan(8);
    expect(median(silent)).toBeGreaterThan(8);
  });

  it.each([
    ['quick', [0, 1]],
    ['slow', [2, 12]],
    ['very slow', [5, 20]],
  ] as const)('does not unseat a leader that the others hear, in a %s network', (name, messageDelay) => {
    const elections = (evidence: number): number =>
      seeds
        .slice(0, 40)
        .map((seed) => world(seed, { voters: 3 + 2 * (seed % 2), messageDelay, resets: 0.5, evidence }).run().elections)
        .reduce((sum, count) => sum + count);
    const [without, withEvidence] = [elections(0), elections(1)];
    console.log(`${name}: ${without} elections in 40 runs, ${withEvidence} when links break`);
    expect(withEvidence).toBeLessThanOrEqual(without);
  });

  it('does not let a peer whose own link broke depose the leader', () => {
    for (const seed of seeds) {
      const cluster = world(seed, { voters: 3, evidence: 1 });
      while (cluster.leader === undefined) cluster.runFor(unitsPerTick);
      cluster.runFor(5 * unitsPerTick);
      const { leader } = cluster;
      const { term, id } = leader.raft.status();
      const cutOff = [1, 2, 3].find((peer) => peer !== id)!;
      cluster.network.block([id], [cutOff]);
      cluster.network.block([cutOff], [id]);
      for (let tick = 0; tick < 60; tick += 1) {
        cluster.runFor(unitsPerTick);
        cluster.linkBroke(cutOff, id);
      }
      expect(leader.raft.status()).toMatchObject({ role: 'leader', term });
    }
  });
});
