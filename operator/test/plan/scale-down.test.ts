import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../src/plan/plan.js';
import { proposeScaleDown } from '../../src/plan/scale-down.js';
import { ModelCluster, type ModelOptions } from './model-cluster.js';
import { pass, proposed, runUntilSettled } from './run-model.js';

/** Peers 100, 101, ... on the pods 0, 1, ...; the last is to go. */
function shrinking(from: number, to: number, options: Partial<ModelOptions> = {}): ModelCluster {
  const model = new ModelCluster({ size: from, ...options });
  model.size = to;
  return model;
}

const scaleDown = (model: ModelCluster): Proposal => proposed(model, proposeScaleDown);

function line(proposal: Proposal): string {
  switch (proposal.kind) {
    case 'done':
      return 'done';
    case 'step':
      return proposal.message;
    case 'wait':
      return `wait: ${proposal.message}`;
    case 'blocked':
      return `${proposal.reason}: ${proposal.message}`;
  }
}

/** All that was done, in order; a mark may be set twice, as each of two places sees to it. */
function story(model: ModelCluster): readonly string[] {
  runUntilSettled(model);
  return model.log.filter((step, index) => step !== model.log[index - 1]);
}

describe('scaling down', () => {
  it('moves the shards, sees the peer empty, takes it out of the Service, removes it, marks, shrinks, deletes', () => {
    const model = shrinking(3, 2);
    model.addShards('docs/0 on 100', 'docs/1 on 101', 'docs/2 on 102');
    expect(story(model)).toEqual([
      'move-shard',
      'set-serving',
      'remove-peer',
      'detach-volume',
      'shrink',
      'delete-volume',
    ]);
    expect(model.holdings()).toEqual(['docs/0 on 100', 'docs/1 on 101', 'docs/2 on 100']);
    expect([...model.members.values()]).toEqual([0, 1]);
    expect([...model.volumes.keys()]).toEqual([0, 1]);
  });

  it('takes one node after the other, from the highest ordinal', () => {
    const model = shrinking(5, 2);
    model.addShards('docs/0 on 103', 'docs/1 on 104');
    const gone: number[] = [];
    let members = 5;
    for (let passes = 0; passes < 300 && members > 2; passes += 1) {
      pass(model);
      if (model.members.size === members) continue;
      gone.push(model.members.size);
      members = model.members.size;
      expect(Math.max(...model.members.values())).toBe(members - 1);
    }
    expect(gone).toEqual([4, 3, 2]);
  });

  it('moves to the keeper with the fewest shards, and says why', () => {
    const model = shrinking(4, 3);
    model.addShards('docs/0 on 100', 'docs/1 on 102', 'docs/2 on 103', 'docs/3 on 103');
    expect(line(scaleDown(model))).toBe(
      'Move docs/2 from peer 103 to peer 101: qdrant-a-3 leaves the cluster; 2 shards are left',
    );
  });

  it('drops what each keeper has, while two stay Active', () => {
    const model = shrinking(3, 2, { wanted: { drain: { timeoutMs: 1, forbidReplicaLoss: false } } });
    model.addShards('docs/0 on 100 101 102');
    expect(line(scaleDown(model))).toBe(
      'Drop the replica of docs/0 on peer 102: qdrant-a-2 (peer 102) leaves, and the shard is Active on 100 and 101',
    );
  });

  it('makes one transfer at a time', () => {
    const model = shrinking(3, 2);
    model.addShards('docs/0 on 102', 'docs/1 on 102', 'docs/2 on 102');
    let most = 0;
    for (let passes = 0; passes < 200 && model.members.size > 2; passes += 1) {
      pass(model);
      most = Math.max(most, model.transfers.length);
    }
    expect(most).toBe(1);
    expect(model.members.size).toBe(2);
  });

  it('waits for a target that is busy with another transfer', () => {
    const model = shrinking(3, 2);
    model.addShards('docs/0 on 102', 'docs/1 on 101', 'docs/2 on 101');
    model.apply({
      kind: 'move-shard',
      move: { collection: 'docs', shard: 1, from: '101', to: '100' },
      why: 'a person wants it',
    });
    expect(line(scaleDown(model))).toBe('wait: docs/1 is on its way from peer 101 to peer 100');
  });

  it('drops a Dead replica of the leaver where another is Active, as only that can be copied', () => {
    const model = shrinking(3, 2);
    model.addShards('docs/0 x2 on 100 102?');
    expect(line(scaleDown(model))).toContain('Drop the replica of docs/0 on peer 102');
  });

  it('names the leader when it is the one that goes', () => {
    const model = shrinking(3, 2);
    model.leader = '102';
    expect(story(model)).toContain('remove-peer');
    expect(model.members.size).toBe(2);
  });

  describe('is blocked, with what a person can do,', () => {
    it('by a replication factor above the size', () => {
      const model = shrinking(3, 2);
      model.addShards('docs/0 x3 on 100 101 102');
      expect(line(scaleDown(model))).toMatch(/^ReplicaLossForbidden: 2 peers are wanted, but collection docs has a/);
    });

    it('by shards that may not be moved', () => {
      const model = shrinking(3, 2, { wanted: { movesShards: false } });
      model.addShards('docs/0 on 102');
      expect(line(scaleDown(model))).toMatch(/^ShardMovesForbidden: .*has 1 shards, and spec.clusterManager is false/);
    });

    it('not by clusterManager: false when the peer is empty', () => {
      const model = shrinking(3, 2, { wanted: { movesShards: false } });
      runUntilSettled(model);
      expect(model.members.size).toBe(2);
    });

    it('by a shard that is Active nowhere', () => {
      const model = shrinking(3, 2);
      model.addShards('docs/0 on 102?');
      expect(line(scaleDown(model))).toMatch(/^NoActiveReplica: qdrant-a-2 .*docs\/0.*raise spec.size above 2/);
    });

    it('by too few Active replicas to drop one', () => {
      const model = shrinking(4, 3);
      model.addShards('docs/0 x3 on 100 101? 102? 103');
      expect(line(scaleDown(model))).toMatch(/^NoActiveReplica: .*fewer than two replicas of docs\/0 are Active/);
    });

    it('by keepers that do not answer', () => {
      const model = shrinking(4, 3);
      model.addShards('docs/0 x3 on 100 101 103');
      model.pods.get(2)!.ready = false;
      expect(line(scaleDown(model))).toMatch(/^PodNotStarting: .*docs\/0 has to move/);
    });

    it('by voters that would be missing afterwards', () => {
      const model = shrinking(4, 3);
      model.pods.get(2)!.ready = false;
      expect(line(scaleDown(model))).toBe('Take qdrant-a-3 out of the client Service');
      const two = shrinking(3, 2);
      two.pods.get(1)!.ready = false;
      expect(line(scaleDown(two))).toMatch(/^QuorumLost: .*only 1 of 2 voters would answer. Bring back qdrant-a-1/);
    });

    it('by a view that is not certain', () => {
      const model = shrinking(3, 2);
      model.addShards('docs/0 on 102');
      const observation = model.observation();
      const blind = {
        ...observation,
        views: observation.views.map((view) => (view.kind === 'answered' ? { ...view, collections: null } : view)),
      };
      expect(line(proposed(Object.assign(model, { observation: () => blind }), proposeScaleDown))).toMatch(
        /^ViewIncomplete: /,
      );
    });
  });

  describe('can be taken back', () => {
    it('until the peer is removed: a raised size finds nothing to do', () => {
      const model = shrinking(3, 2);
      model.addShards('docs/0 on 100', 'docs/1 on 102');
      pass(model);
      model.size = 3;
      expect(scaleDown(model)).toEqual({ kind: 'done' });
      runUntilSettled(model);
      expect(model.members.size).toBe(3);
      expect([...model.pods.values()].every(({ serving }) => serving)).toBe(true);
    });

    it('after that by a new peer on a new volume', () => {
      const model = shrinking(3, 2);
      while (model.members.size === 3) pass(model);
      model.size = 3;
      runUntilSettled(model);
      expect([...model.members.values()]).toEqual([0, 1, 2]);
      expect(model.members.has('102')).toBe(false);
      expect(model.volumes.get(2)).toMatchObject({ detached: false });
    });
  });

  it('sees the peer empty twice, ten seconds apart, and begins again when a shard came in between', () => {
    const model = shrinking(2, 1);
    pass(model);
    pass(model);
    const since = model.atMs;
    model.atMs = since + 5000;
    model.addShards('new/0 on 101');
    expect(line(scaleDown(model))).toContain('Move new/0 from peer 101 to peer 100');
    while (model.holdings()[0] !== 'new/0 on 100') pass(model);
    const empty = model.atMs;
    while (model.members.size === 2) pass(model);
    expect(model.atMs - empty).toBeGreaterThanOrEqual(10_000);
  });

  it('takes no mark for the second look that is old, or from a clock that is ahead', () => {
    for (const shiftMs of [-600_000, 600_000]) {
      const model = shrinking(2, 1);
      pass(model);
      pass(model);
      model.operation = { ...model.operation!, startedAtMs: model.atMs + shiftMs };
      expect(scaleDown(model).kind).toBe('wait');
    }
  });

  describe('of pods without a peer', () => {
    it('that never joined: only shrinks, and deletes a volume that nothing was ever on', () => {
      const model = new ModelCluster({ size: 2 });
      model.replicas = 3;
      model.tick();
      expect(story(model)).toEqual(['detach-volume', 'shrink', 'delete-volume']);
    });

    it('that never joined, with volumes retained: keeps the volume for the next', () => {
      const model = new ModelCluster({ size: 2, wanted: { volumesWhenScaled: 'Retain' } });
      model.replicas = 3;
      model.tick();
      expect(story(model)).toEqual(['shrink']);
      model.size = 3;
      runUntilSettled(model);
      expect(model.members.size).toBe(3);
    });

    it('lets one that is joining join first', () => {
      const model = new ModelCluster({ size: 2 });
      model.replicas = 3;
      model.tick();
      model.pods.get(2)!.grant = 'join=http://qdrant-a-0.qdrant-headless-a:6335';
      expect(line(scaleDown(model))).toBe('wait: qdrant-a-2 is still joining, and leaves after that');
    });

    it('does not let one that never gets in hold up the others', () => {
      const model = new ModelCluster({ size: 2 });
      model.replicas = 3;
      model.tick();
      model.pods.get(2)!.grant = 'join=http://qdrant-a-0.qdrant-headless-a:6335';
      const waiting = scaleDown(model);
      model.operation = waiting.kind === 'wait' ? (waiting.operation ?? null) : null;
      model.atMs += 60_000;
      expect(scaleDown(model).kind).toBe('wait');
      model.atMs += 60_000;
      expect(line(scaleDown(model))).toMatch(/^Mark qdrant-storage-qdrant-a-2 as detached/);
    });
  });

  it('keeps the marked volume of a peer that left when volumes are retained', () => {
    const model = shrinking(3, 2, { wanted: { volumesWhenScaled: 'Retain' } });
    expect(story(model)).not.toContain('delete-volume');
    expect(model.volumes.get(2)).toMatchObject({ detached: true, peer: '102' });
  });

  it('removes an empty peer whose pod is gone already, and brings back one that has shards', () => {
    const empty = shrinking(3, 2);
    empty.replicas = 2;
    empty.tick();
    runUntilSettled(empty);
    expect(empty.members.size).toBe(2);

    const full = shrinking(3, 2);
    full.addShards('docs/0 on 102');
    full.replicas = 2;
    full.tick();
    expect(line(scaleDown(full))).toMatch(/^Grow the set to 3 pods: qdrant-a-2 \(peer 102\) is a member with shards/);
    runUntilSettled(full);
    expect(full.holdings()).toEqual(['docs/0 on 100']);
    expect(full.members.size).toBe(2);
  });

  it('waits for a resharding', () => {
    const model = shrinking(3, 2);
    model.addShards('docs/0 on 102');
    model.resharding = true;
    expect(line(scaleDown(model))).toBe('wait: Scaling down waits until a resharding has ended');
  });

  it('tells of a drain that takes longer than its timeout, and goes on', () => {
    const model = shrinking(3, 2, {
      fateOf: () => 'stalls',
      wanted: { drain: { timeoutMs: 60_000, forbidReplicaLoss: true } },
    });
    model.addShards('docs/0 on 102');
    pass(model);
    expect(line(scaleDown(model))).toBe('wait: docs/0 is on its way from peer 102 to peer 100');
    model.atMs += 61_000;
    expect(line(scaleDown(model))).toContain('(scaling down takes longer than spec.operator.drain.timeout)');
  });
});
