import { describe, expect, it } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import { plannedMoves } from '../../src/plan/planned-moves.js';
import { proposeRebalance } from '../../src/plan/rebalance.js';
import { ModelCluster } from './model-cluster.js';
import { pass, proposed, runUntilSettled } from './run-model.js';

/** The third peer is new, and has nothing. */
function afterGrowth(wanted: ModelCluster['wanted'] = {}): ModelCluster {
  const model = new ModelCluster({ size: 3, wanted });
  model.addShards(...[0, 1, 2, 3, 4, 5].map((shard) => `docs/${shard} on ${100 + (shard % 2)}`));
  return model;
}

function planned(model: ModelCluster): readonly string[] {
  const observation = model.observation();
  return plannedMoves(observation, assess(observation)).map(
    ({ collection, shard, from, to, why }) => `${collection}/${shard} ${from}->${to}: ${why}`,
  );
}

describe('balance after a growth', () => {
  it('shows the whole plan before the first move, and the rest while the first one runs', () => {
    const model = afterGrowth();
    const whole = [
      'docs/0 100->102: the peers have 3 and 0 of its shard key',
      'docs/1 101->102: the peers have 3 and 1 of its shard key',
    ];
    expect(planned(model)).toEqual(whole);
    pass(model);
    expect(planned(model)).toEqual(['docs/0 100->102: it is moving', whole[1]]);
  });

  it('moves one shard at a time until the peers differ by less than two', () => {
    const model = afterGrowth();
    runUntilSettled(model);
    expect(model.log).toEqual(['move-shard', 'move-shard']);
    expect(planned(model)).toEqual([]);
    expect(proposed(model, proposeRebalance)).toEqual({ kind: 'done' });
  });

  const quiet: readonly [string, (model: ModelCluster) => void][] = [
    ['balance is disabled', (model) => (model.wanted = { rebalance: false })],
    ['shards may not be moved', (model) => (model.wanted = { movesShards: false })],
    ['a replica is not Active', (model) => model.addShards('other/0 on 100 101?')],
    ['a pod is not ready', (model) => (model.pods.get(1)!.ready = false)],
    ['another pod is wanted', (model) => (model.size = 4)],
    ['a pod is to go', (model) => (model.size = 2)],
    ['a collection is resharded', (model) => (model.resharding = true)],
  ];
  it.each(quiet)('leaves everything where it is while %s', (_name, change) => {
    const model = afterGrowth();
    change(model);
    expect(proposed(model, proposeRebalance)).toEqual({ kind: 'done' });
  });

  it('does not touch a transfer that it did not ask for', () => {
    const model = afterGrowth();
    const move = { collection: 'docs', shard: 3, from: '101', to: '100' };
    model.apply({ kind: 'move-shard', move, why: 'a person wants it' });
    expect(proposed(model, proposeRebalance)).toEqual({ kind: 'done' });
  });

  it('shows the moves of a drain, of all peers that go', () => {
    const model = new ModelCluster({ size: 4 });
    model.size = 2;
    model.addShards('docs/0 on 102', 'docs/1 on 103', 'docs/2 on 103');
    expect(planned(model)).toEqual([
      'docs/1 103->100: qdrant-a-3 (peer 103) leaves',
      'docs/2 103->101: qdrant-a-3 (peer 103) leaves',
      'docs/0 102->100: qdrant-a-2 (peer 102) leaves',
    ]);
  });
});
