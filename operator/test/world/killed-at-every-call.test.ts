/** An operator that dies at whichever of its calls is replaced by one that goes on, and nothing is done twice. */
import { expect, test } from 'vitest';
import { killedAtEveryCall } from './every-call.js';
import { stories } from './stories.js';

// Before its effect is, for the next process, the same as after the call before.
test.each(stories)(
  'while a cluster %s',
  async (_, story) => {
    expect(await killedAtEveryCall(story)).toBeGreaterThan(15);
  },
  120_000,
);
