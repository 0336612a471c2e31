import { afterAll, describe, expect, it } from 'vitest';
import { AlteredRafts } from './simulator/altered-raft.js';
import { plantedBugs } from './simulator/planted-bugs.js';
import { runSeeds } from './simulator/run-seeds.js';

/** The simulator is worth what it finds: each of these defects makes it fail. */
describe('planted bugs', () => {
  const rafts = new AlteredRafts();
  afterAll(() => rafts.remove());

  it.each(plantedBugs.map((bug) => [bug.name, bug] as const))('%s', { timeout: 120_000 }, async (name, bug) => {
    const makeRaft = await rafts.make(bug.alterations);
    const { seeds, failure } = runSeeds({ first: 1, count: bug.seeds, makeRaft });
    console.log(`${name}: ${seeds} seeds, ${failure === null ? 'not found' : failure.error.message}`);
    expect(failure).not.toBeNull();
  });

  it('are made of what is there without them', async () => {
    const makeRaft = await rafts.make([]);
    expect(runSeeds({ first: 1, count: 100, makeRaft }).failure).toBeNull();
  });
});
