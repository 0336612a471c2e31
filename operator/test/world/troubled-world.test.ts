/** Whatever happens to a cluster and its operator, it is well when the trouble is over, and nothing was lost. */
import { expect, test } from 'vitest';
import { TroubledWorld } from './troubled-world.js';

const seeds = Array.from({ length: 16 }, (_, index) => index + 1);

test.each(seeds)('seed %i', async (seed) => {
  const troubled = new TroubledWorld(seed);
  const wrong = await troubled.run();
  expect(wrong, troubled.log.join('\n')).toEqual([]);
});
