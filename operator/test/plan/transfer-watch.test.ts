import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../src/plan/plan.js';
import { proposeScaleDown } from '../../src/plan/scale-down.js';
import { ModelCluster, type Fate } from './model-cluster.js';
import { pass, proposed } from './run-model.js';

/** Peer 102 is to go, with one shard on it, and each transfer meets the fate that comes next; the last one repeats. */
function moving(...fates: readonly Fate[]): ModelCluster {
  let next = 0;
  const fateOf = (): Fate => fates[Math.min(next++, fates.length - 1)]!;
  const model = new ModelCluster({ size: 3, fateOf });
  model.size = 2;
  model.addShards('docs/0 on 102');
  return model;
}

const again = (model: ModelCluster): Proposal => proposed(model, proposeScaleDown);

/** Seconds after the first attempt at which the move is asked for, and what is said in between. */
function attempts(
  model: ModelCluster,
  minutes: number,
): { readonly at: readonly number[]; readonly said: ReadonlySet<string> } {
  const at: number[] = [];
  const said = new Set<string>();
  const start = model.atMs;
  while (model.atMs < start + minutes * 60_000) {
    const before = model.atMs;
    const plan = pass(model);
    if (plan.step?.step.kind === 'move-shard') at.push(Math.round((before - start) / 1000));
    if (plan.waiting !== null) said.add(plan.waiting.message);
    for (const { message } of plan.blocks) said.add(message);
  }
  return { at, said };
}

describe('a transfer that was asked for', () => {
  it('is written down before it is sent', () => {
    const proposal = again(moving('ends'));
    expect(proposal).toMatchObject({
      kind: 'step',
      step: { kind: 'move-shard', move: { collection: 'docs', shard: 0, from: '102', to: '100' } },
      operation: {
        type: 'ScaleDown',
        step: 'move-shard',
        target: 'docs/0 from 102 to 100',
        attempts: 1,
        progress: null,
      },
    });
  });

  it('is let run while it gets on', () => {
    const model = moving('ends');
    pass(model);
    const proposal = again(model);
    expect(proposal).toMatchObject({ kind: 'wait', message: 'docs/0 is on its way from peer 102 to peer 100' });
    expect(proposal).toMatchObject({ operation: { attempts: 1, progress: { seen: '(1/3)' } } });
  });

  it('is asked for again when it does not appear within a minute', () => {
    const model = moving('is lost', 'ends');
    const { at, said } = attempts(model, 3);
    expect(at[0]).toBe(0);
    expect(at[1]).toBeGreaterThanOrEqual(60);
    expect(at[1]).toBeLessThan(63);
    expect(said).toContain('The transfer of docs/0 from peer 102 was asked for, and does not show yet');
    expect(model.holdings()).not.toEqual(['docs/0 on 102']);
  });

  it('is asked for again after a pause that grows, and people are told after three failures', () => {
    const { at, said } = attempts(moving('fails'), 30);
    const pauses = at.slice(1).map((second, index) => second - at[index]!);
    expect(pauses.slice(0, 5)).toEqual(pauses.slice(0, 5).toSorted((a, b) => a - b));
    expect(pauses[0]).toBeGreaterThanOrEqual(30);
    expect(Math.max(...pauses)).toBeLessThan(615);
    expect([...said].filter((message) => message.includes('was asked for 3 times and did not end well'))).toHaveLength(
      1,
    );
  });

  it('holds up nothing once people were told: the block is one among others', () => {
    const model = moving('fails');
    attempts(model, 10);
    while (again(model).kind !== 'blocked') pass(model);
    expect(again(model)).toMatchObject({
      kind: 'blocked',
      reason: 'TransferFailing',
      operation: { step: 'move-shard' },
    });
  });

  it('goes to another peer when it failed twice on the way to one', () => {
    const model = moving('fails', 'fails', 'ends');
    const to: string[] = [];
    for (let passes = 0; passes < 400 && model.shards[0]!.replicas.has('102'); passes += 1) {
      const step = pass(model).step?.step;
      if (step?.kind === 'move-shard') to.push(step.move.to);
    }
    expect(to).toEqual(['100', '100', '101']);
    expect(model.holdings()).toEqual(['docs/0 on 101']);
  });

  it('is aborted when its count of records stands still, and asked for again', () => {
    const model = moving('stalls', 'ends');
    pass(model);
    const start = model.atMs;
    while (!model.log.includes('abort-transfer')) pass(model);
    const minutes = (model.atMs - start) / 60_000;
    expect(minutes).toBeGreaterThanOrEqual(10);
    expect(minutes).toBeLessThan(10.5);
    const aborted = model.atMs;
    while (model.shards[0]!.replicas.has('102')) pass(model);
    expect(model.atMs - aborted).toBeGreaterThanOrEqual(29_000);
  });

  it('is watched also when nobody wrote it down', () => {
    const model = moving('ends');
    pass(model);
    model.operation = null;
    expect(again(model)).toMatchObject({ kind: 'wait', operation: { step: 'move-shard', attempts: 1 } });
  });

  it('is asked for at once where the clock was put back', () => {
    const model = moving('is lost', 'ends');
    pass(model);
    model.atMs -= 3_600_000;
    expect(again(model)).toMatchObject({ kind: 'step', operation: { attempts: 2 } });
  });

  it('writes the status seldom while it gets on', () => {
    const model = moving('ends');
    pass(model);
    const records = new Set<string>();
    for (let passes = 0; passes < 2; passes += 1) {
      pass(model);
      records.add(JSON.stringify(model.operation?.progress));
    }
    expect(records.size).toBe(1);
  });
});
