/** The whole operator in the simulated world: what people ask for becomes true, and nothing is lost on the way. */
import { expect, test } from 'vitest';
import { SimulatedWorld } from './simulated/simulated-world.js';

async function becomesHealthy(world: SimulatedWorld, withinMs = 300_000): Promise<void> {
  if (await world.clock.runUntil(() => world.healthy, withinMs)) return;
  expect.fail(`not healthy in time: ${world.describe()}`);
}

test('a cluster of three is created', async () => {
  const world = new SimulatedWorld();
  world.create(3);
  world.startOperator();
  await becomesHealthy(world);
  expect(world.members).toHaveLength(3);
  expect(world.violations()).toEqual([]);
});
