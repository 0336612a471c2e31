import { afterAll, describe, expect, it } from 'vitest';
import { CompiledSimulator } from './simulator/compiled-simulator.js';
import { describeCounts } from './simulator/run-seeds.js';

// A failing seed alone, line by line: SOAK_FIRST_SEED=17 SOAK_SEEDS=1 SOAK_TRACE=1. Many seeds: SOAK_SEEDS=100000.
const first = Number(process.env['SOAK_FIRST_SEED'] ?? 1);
const count = Number(process.env['SOAK_SEEDS'] ?? 3000);
const trace = process.env['SOAK_TRACE'] !== undefined;
const millisecondsPerSeed = 50;

describe('simulated clusters', () => {
  const simulator = new CompiledSimulator();
  afterAll(() => simulator.remove());

  const timeout = 60_000 + count * millisecondsPerSeed;
  it(`keep Raft's promises, seeds ${first} to ${first + count - 1}`, { timeout }, async () => {
    const { counts, failure, seeds, lines } = await simulator.run({ first, count, trace });
    console.log([...lines, `${seeds} seeds: ${describeCounts(counts)}`].join('\n'));
    const alone = `SOAK_FIRST_SEED=${failure?.seed} SOAK_SEEDS=1 SOAK_TRACE=1 npx vitest run node/test/raft/simulator`;
    expect(failure, `alone: ${alone}`).toBeNull();
    if (count < 1000) return;
    // The runs were not idle ones.
    for (const what of ['elections', 'snapshots', 'confChanges', 'crashes', 'transfers', 'reads'] as const) {
      expect(counts[what], what).toBeGreaterThan(count / 10);
    }
    expect(counts.acknowledged).toBeGreaterThan(count);
  });

  it('do the same again from the same seed', async () => {
    const range = { first: 5, count: 2, trace: true };
    const { lines } = await simulator.run(range);
    expect(lines.length).toBeGreaterThan(100);
    expect((await simulator.run(range)).lines).toEqual(lines);
  });
});
