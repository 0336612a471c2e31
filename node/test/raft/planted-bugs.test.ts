import { afterAll, describe, expect, it } from 'vitest';
import { CompiledSimulator } from './simulator/compiled-simulator.js';
import { plantedBugs } from './simulator/planted-bugs.js';

/** The simulator is worth what it finds: each of these defects makes it fail. */
describe('planted bugs', () => {
  const simulator = new CompiledSimulator();
  afterAll(() => simulator.remove());

  it.each(plantedBugs.map((bug) => [bug.name, bug] as const))('%s', { timeout: 120_000 }, async (name, bug) => {
    const range = { first: 1, count: bug.seeds, plan: bug.plan ?? {} };
    const { seeds, failure } = await simulator.run(range, bug.alterations);
    console.log(`${name}: ${seeds} seeds, ${failure?.message ?? 'not found'}`);
    expect(failure).not.toBeNull();
  });
});
