/** More than one process that takes itself for the leader: one that was frozen and wakes up, or two that never met. */
import { describe, expect, test } from 'vitest';
import { tell, told } from './every-call.js';
import { stories } from './stories.js';

describe('a leader that is frozen after any one of its calls', () => {
  // Those that take something away.
  test.each(stories.slice(2))(
    'while a cluster %s: another ends the story, and what wakes up sends nothing',
    async (_, story) => {
      for (let k = 1; ; k += 1) {
        const { struck } = await told(`frozen after call ${k}`, async () => {
          const { world, operator } = await tell(
            story,
            (call) => (call === k ? { kind: 'frozen', when: 'after' } : null),
            (other) => void other.startOperator({ identity: 'operator-1' }),
          );
          if (operator.calls.frozen) {
            if (world.operators.length === 1) world.startOperator({ identity: 'operator-1' });
            // Until the Lease of the frozen one has run out.
            await world.clock.run(20_000);
            const before = operator.calls.made.length;
            operator.calls.thaw();
            await world.clock.run(10_000);
            expect(operator.calls.made.slice(before)).toEqual([]);
            expect(operator.end?.kind).toBe('lead-lost');
            expect(world.violations()).toEqual([]);
          }
          return operator.calls;
        });
        if (!struck) break;
      }
    },
    120_000,
  );
});

test.each(stories)('two that both believe to lead, while a cluster %s', async (_, story) => {
  const { world } = await tell(story, () => null, undefined, 2);
  expect(world.operators.filter(({ end }) => end === null)).not.toHaveLength(0);
});
