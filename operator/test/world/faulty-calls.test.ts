/** Calls that fail, before or after they had an effect, and objects that others write in between. */
import { describe, expect, test } from 'vitest';
import { tell, told } from './every-call.js';
import type { Mishap } from './simulated/mortal-calls.js';
import { SeededRandom } from './simulated/seeded-random.js';
import { stories } from './stories.js';

const mishaps: readonly (readonly [string, Mishap])[] = [
  ['fails without an effect', { kind: 'fails', when: 'before' }],
  ['has its effect, and no answer comes', { kind: 'fails', when: 'after' }],
  ['meets a conflict', { kind: 'conflicts' }],
];

// Not every second time or the like: a fault that keeps step with the passes could hit the same call for ever.
describe.each(mishaps)('calls of which one in three %s', (_, mishap) => {
  test.each(stories)('while a cluster %s', async (_name, story) => {
    for (const seed of [1, 2, 3]) {
      const random = new SeededRandom(seed);
      const { operator } = await told(`seed ${seed}`, () => tell(story, () => (random.chance(1 / 3) ? mishap : null)));
      expect(operator.calls.struck).toBe(true);
      operator.kill();
    }
  });
});

test('a process that dies again and again at its third call gets to the end all the same', async () => {
  for (const [name, story] of stories) {
    await told(name, () =>
      tell(
        story,
        (call) => (call === 3 ? { kind: 'killed', when: 'after' } : null),
        (world) => {
          world.startOperator({ mishapAt: (call) => (call === 3 ? { kind: 'killed', when: 'after' } : null) });
        },
      ),
    );
  }
});
