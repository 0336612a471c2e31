/** Plays what the whole plan wants on the model, pass after pass. */
import { assess } from '../../src/assess/assess.js';
import { makePlan } from '../../src/plan/make-plan.js';
import type { Plan, Proposal } from '../../src/plan/plan.js';
import type { Propose } from '../../src/plan/procedures.js';
import type { ModelCluster } from './model-cluster.js';

export function proposed(model: ModelCluster, propose: Propose): Proposal {
  const observation = model.observation();
  return propose(observation, assess(observation));
}

export function plan(model: ModelCluster): Plan {
  const observation = model.observation();
  return makePlan(observation, assess(observation));
}

/** One pass and the time until the next. */
export function pass(model: ModelCluster): Plan {
  const made = plan(model);
  model.operation = made.operation;
  for (const step of made.quietSteps) model.apply(step);
  if (made.step !== null) model.apply(made.step.step);
  model.tick();
  model.atMs += made.lookAgainMs;
  return made;
}

/** Until nothing is left to do; the number of passes it took. */
export function runUntilSettled(model: ModelCluster, maxPasses = 3000): Plan {
  for (let count = 0; count < maxPasses; count += 1) {
    const made = pass(model);
    // Nobody looks at what happens in the meantime, so what is waited for may come sooner.
    if (made.step === null) model.atMs += 10_000;
    const idle = made.step === null && made.waiting === null && made.quietSteps.length === 0;
    if (idle && model.transfers.length === 0 && plan(model).step === null && plan(model).waiting === null) return made;
  }
  throw new Error(`Not settled after ${maxPasses} passes: ${model.log.slice(-12).join('; ')}`);
}
