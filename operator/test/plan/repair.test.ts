import { describe, expect, it } from 'vitest';
import { proposeRepair } from '../../src/plan/repair.js';
import { ModelCluster } from './model-cluster.js';
import { pass, proposed, runUntilSettled } from './run-model.js';

const withShards = (...lines: readonly string[]): ModelCluster => {
  const model = new ModelCluster({ size: 3 });
  model.addShards(...lines);
  return model;
};

describe('repair', () => {
  it('copies to the peer with the fewest shards, and says how many there are', () => {
    const model = withShards('docs/0 x2 on 100', 'docs/1 x2 on 100 101');
    expect(proposed(model, proposeRepair)).toMatchObject({
      message: 'Copy docs/0 from peer 100 to peer 102: the shard has 1 of 2 replicas',
      operation: { type: 'Repair', step: 'replicate-shard' },
    });
  });

  it('makes one copy at a time until all shards have their replicas', () => {
    const model = withShards('docs/0 x3 on 100', 'other/0 x2 on 101');
    let most = 0;
    for (let passes = 0; passes < 60; passes += 1) {
      pass(model);
      most = Math.max(most, model.transfers.length);
    }
    expect(most).toBe(1);
    expect(model.shards.map(({ replicas }) => replicas.size)).toEqual([3, 2]);
  });

  it('goes before balance and drains', () => {
    const model = withShards('docs/0 x2 on 102', 'docs/1 x2 on 100 101');
    model.size = 2;
    runUntilSettled(model);
    expect(model.log.slice(0, 2)).toEqual(['replicate-shard', 'move-shard']);
    expect(model.holdings()).toEqual(['docs/0 on 100 101', 'docs/1 on 100 101']);
  });

  it('goes around peers that are in another transfer, and waits when there is no other', () => {
    const model = withShards('docs/0 x2 on 100', 'other/0 on 102');
    model.apply({ kind: 'move-shard', move: { collection: 'other', shard: 0, from: '102', to: '101' }, why: '' });
    expect(proposed(model, proposeRepair).kind).toBe('wait');
  });

  it('leaves a Dead replica to its node', () => {
    expect(proposed(withShards('docs/0 x2 on 100 101?'), proposeRepair)).toEqual({ kind: 'done' });
  });

  it('is blocked where no replica is Active', () => {
    expect(proposed(withShards('docs/0 x2 on 100?'), proposeRepair)).toMatchObject({
      kind: 'blocked',
      reason: 'NoActiveReplica',
      message: 'docs/0 lacks replicas, and none is Active to copy from',
    });
  });

  it('leaves everything where it is when shards may not be moved', () => {
    const model = withShards('docs/0 x2 on 100');
    model.wanted = { movesShards: false };
    expect(proposed(model, proposeRepair)).toEqual({ kind: 'done' });
  });
});
