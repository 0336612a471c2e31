import { describe, expect, it } from 'vitest';
import { RaftNode } from '../../src/raft/raft-node.js';
import { describeCounts, runSeeds, traceSeed } from './simulator/run-seeds.js';
import type { MakeRaft } from './simulator/simulated-peer.js';

// A failing seed alone, line by line: SOAK_FIRST_SEED=17 SOAK_SEEDS=1 SOAK_TRACE=1. Many seeds: SOAK_SEEDS=100000.
const first = Number(process.env['SOAK_FIRST_SEED'] ?? 1);
const count = Number(process.env['SOAK_SEEDS'] ?? 4000);
const traced = process.env['SOAK_TRACE'] !== undefined;
const millisecondsPerSeed = 100;

const makeRaft: MakeRaft = (config, restored) => new RaftNode(config, restored);

describe('simulated clusters', () => {
  it(
    `keep Raft's promises, seeds ${first} to ${first + count - 1}`,
    { timeout: 60_000 + count * millisecondsPerSeed },
    () => {
      if (traced)
        for (let seed = first; seed < first + count; seed += 1) console.log(traceSeed(seed, makeRaft).join('\n'));
      const { counts, failure, seeds } = runSeeds({ first, count, makeRaft });
      console.log(`${seeds} seeds: ${describeCounts(counts)}`);
      const again = `SOAK_FIRST_SEED=${failure?.seed} SOAK_SEEDS=1 SOAK_TRACE=1 npx vitest run node/test/raft/simulator.test.ts`;
      expect(failure?.error, failure === null ? '' : `seed ${failure.seed}; alone: ${again}`).toBeUndefined();
      if (count < 1000) return;
      // The runs were not idle ones.
      for (const what of ['elections', 'snapshots', 'confChanges', 'crashes', 'transfers', 'reads'] as const) {
        expect(counts[what], what).toBeGreaterThan(count / 10);
      }
      expect(counts.acknowledged).toBeGreaterThan(count);
    },
  );

  it('do the same again from the same seed', () => {
    expect(traceSeed(5, makeRaft)).toEqual(traceSeed(5, makeRaft));
  });
});
