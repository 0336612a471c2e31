/** Runs one story again and again, each time with the operator killed at another of its calls. */
import { expect } from 'vitest';
import type { MishapAt } from './simulated/mortal-calls.js';
import type { OperatorProcess } from './simulated/operator-process.js';
import type { SimulatedWorld } from './simulated/simulated-world.js';

/** A change that somebody asks for, in a world that is well before it. */
export interface Story {
  readonly prepare: () => Promise<SimulatedWorld>;
  /** What is asked for. */
  readonly begin: (world: SimulatedWorld) => void;
  /** What must be true when the world is well again. */
  readonly ended: (world: SimulatedWorld) => void;
  /** That it came to an end, besides what the status says. */
  readonly isOver?: (world: SimulatedWorld) => boolean;
}

const storyEndsWithinMs = 1_800_000;

export async function becomesHealthy(world: SimulatedWorld, over = (): boolean => true): Promise<void> {
  if (await world.clock.runUntil(() => world.healthy && over(), storyEndsWithinMs)) return;
  expect.fail(`not healthy in time: ${world.describe()}`);
}

/** Waits as long as virtual time is needed for the promise. */
export async function inTime<T>(world: SimulatedWorld, promise: Promise<T>): Promise<T> {
  let over = false;
  const end = (): boolean => (over = true);
  promise.then(end, end);
  await world.clock.runUntil(() => over, 60_000);
  return promise;
}

/** Tells the story once, with mishaps; `next` is asked when an operator has died or is frozen. Returns the first operator. */
export async function tell(
  story: Story,
  mishapAt: MishapAt,
  next: (world: SimulatedWorld) => void = (world) => void world.startOperator(),
  leaders = 1,
): Promise<{ readonly world: SimulatedWorld; readonly operator: OperatorProcess }> {
  const world = await story.prepare();
  for (const before of world.operators) before.kill();
  const operator = world.startOperator({ mishapAt });
  for (let other = 1; other < leaders; other += 1) world.startOperator({ leaseNamespace: `operators-${other}` });
  story.begin(world);
  const isOver = (): boolean => world.healthy && (story.isOver?.(world) ?? true);
  const isDead = (): boolean => {
    const last = world.operators.at(-1)?.calls;
    return last?.dead === true || last?.frozen === true;
  };
  const endMs = world.clock.monotonicMs() + storyEndsWithinMs;
  for (;;) {
    const leftMs = endMs - world.clock.monotonicMs();
    if (!(await world.clock.runUntil(() => isOver() || isDead(), leftMs))) {
      expect.fail(`the story did not end in time: ${world.describe()}`);
    }
    if (isOver()) break;
    await world.clock.run(1000);
    next(world);
  }
  story.ended(world);
  expect(world.violations()).toEqual([]);
  return { world, operator };
}

/** How many calls there were: each of them was the last of an operator once. */
export async function killedAtEveryCall(story: Story): Promise<number> {
  for (let k = 1; ; k += 1) {
    const mishap: MishapAt = (call) => (call === k ? { kind: 'killed', when: 'after' } : null);
    const { operator } = await told(`killed after call ${k}`, () => tell(story, mishap));
    operator.kill();
    if (!operator.calls.struck) return k - 1;
  }
}

/** A failure names the run in which it came. */
export async function told<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
