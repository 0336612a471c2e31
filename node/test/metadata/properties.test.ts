import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply } from '../../src/metadata/apply.js';
import { brokenInvariant } from '../../src/metadata/invariants.js';
import { decodeMetadata, encodeMetadata } from '../../src/metadata/metadata-file.js';
import type { CollectionState, MetadataState } from '../../src/metadata/metadata-state.js';
import { metadataOperationSchema } from '../../src/metadata/operation-schema.js';
import { isSourceOfTruth } from '../../src/metadata/replica-state.js';
import { firstState, histories, type Step } from './operations.js';

const property = (body: (steps: readonly Step[]) => void, numRuns = 200) =>
  fc.assert(
    fc.property(histories, (steps) => {
      body(steps);
    }),
    { seed: 20_261_121, numRuns },
  );

const eachStep = (body: (step: Step) => void, numRuns?: number) => property((steps) => steps.forEach(body), numRuns);

/** Enough for the rarest of kinds to be met several times. */
const manyRuns = 1500;

const last = (steps: readonly Step[]): MetadataState => steps.at(-1)?.after ?? firstState;

const shardsWithTruth = ({ id, shards }: CollectionState): string[] =>
  shards
    .filter(({ replicas }) => replicas.some(({ state }) => isSourceOfTruth(state)))
    .map((shard) => `${id}/${shard.id}`);

const collectionsOf = (state: MetadataState): readonly CollectionState[] => [...state.collections.values()];

describe('applying operations', () => {
  it('keeps the invariants', () => {
    eachStep(({ after }) => expect(brokenInvariant(after)).toBeNull());
  });

  it('depends on nothing but state and operation', () => {
    property((steps) => {
      const replayed = steps.reduce((state, { operation }) => apply(state, operation).state, firstState);
      expect(encodeMetadata(replayed)).toBe(encodeMetadata(last(steps)));
    });
  });

  it('gives the same for an operation that was sent as JSON', () => {
    eachStep(({ before, operation, after, applied }) => {
      const sent = metadataOperationSchema.parse(JSON.parse(JSON.stringify(operation)));
      expect(apply(before, sent)).toEqual({ state: after, applied });
    });
  });

  it('leaves the state before it as it was', () => {
    property((steps) => {
      const texts = steps.map(({ before }) => encodeMetadata(before));
      for (const { before, operation } of steps) apply(before, operation);
      expect(steps.map(({ before }) => encodeMetadata(before))).toEqual(texts);
    });
  });

  it('counts every operation, rejected ones too', () => {
    property((steps) => {
      expect(last(steps).appliedIndex).toBe(steps.length);
      expect(steps.map(({ applied }) => applied.index)).toEqual(steps.map((_, index) => index + 1));
    });
  });

  it('takes the index of the log where there is one', () => {
    eachStep(({ before, operation }) => {
      const { state, applied } = apply(before, operation, before.appliedIndex + 7);
      expect([state.appliedIndex, applied.index]).toEqual([before.appliedIndex + 7, before.appliedIndex + 7]);
    });
  });

  it('changes nothing when it rejects', () => {
    eachStep(({ before, after, applied }) => {
      if (applied.rejection !== null) expect(after).toEqual({ ...before, appliedIndex: after.appliedIndex });
    });
  });

  it('survives being written and read', () => {
    property((steps) => expect(decodeMetadata(encodeMetadata(last(steps)))).toEqual(last(steps)));
  });
});

describe('no operation', () => {
  it('takes the last source of truth of a shard away, but a forced removal of a peer', () => {
    eachStep(({ before, operation, after }) => {
      if (operation.kind === 'remove-peer' && operation.force) return;
      const kept = new Set(collectionsOf(after).flatMap(shardsWithTruth));
      const still = collectionsOf(before).filter(({ id }) => collectionsOf(after).some((other) => other.id === id));
      expect(still.flatMap(shardsWithTruth).filter((shard) => !kept.has(shard))).toEqual([]);
    });
  });

  it('leaves a shard without a replica, but a forced removal of a peer', () => {
    eachStep(({ before, operation, after }) => {
      if (operation.kind === 'remove-peer' && operation.force) return;
      const empty = (state: MetadataState) =>
        collectionsOf(state).flatMap(({ id, shards }) =>
          shards.filter(({ replicas }) => replicas.length === 0).map((shard) => `${id}/${shard.id}`),
        );
      expect(empty(after).filter((shard) => !empty(before).includes(shard))).toEqual([]);
    });
  });

  it('lets a removed peer back', () => {
    property((steps) => {
      const removed = new Set<number>();
      for (const { after } of steps) {
        for (const peer of after.removedPeers.keys()) removed.add(peer);
        expect([...removed].filter((peer) => after.peers.has(peer))).toEqual([]);
      }
    });
  });

  it('lets an identity come back', () => {
    property((steps) => {
      const owners = new Map<number, string>();
      for (const { after } of steps) {
        for (const { id, name } of collectionsOf(after)) {
          expect(owners.get(id) ?? name).toBe(name);
          owners.set(id, name);
        }
      }
    });
  });
});

describe('random histories', () => {
  it('reach every kind of operation with success', () => {
    const seen = new Set<string>();
    eachStep(({ operation, applied }) => {
      if (applied.rejection === null) seen.add(operation.kind);
    }, manyRuns);
    expect([...seen].sort()).toEqual([
      'abort-transfer',
      'activate-replicas',
      'add-peer',
      'create-collection',
      'create-field-index',
      'delete-collection',
      'delete-field-index',
      'drop-replica',
      'finish-transfer',
      'remove-peer',
      'set-replica-state',
      'start-transfer',
      'suspend-peer',
      'update-collection',
      'update-peer',
    ]);
  });

  it('reach every rejection', () => {
    const seen = new Set<string>();
    eachStep(({ applied }) => {
      if (applied.rejection !== null) seen.add(applied.rejection.reason);
    }, manyRuns);
    expect([...seen].sort()).toEqual([
      'address-in-use',
      'bad-placement',
      'collection-exists',
      'in-transfer',
      'last-active-replica',
      'last-peer',
      'last-replica',
      'last-source-of-truth',
      'no-such-collection',
      'no-such-peer',
      'no-such-replica',
      'no-such-shard',
      'no-such-transfer',
      'no-such-vector',
      'other-replica-state',
      'peer-has-replicas',
      'peer-was-removed',
      'replicas-changed',
      'same-peer',
      'source-not-active',
      'target-not-needed',
    ]);
  });
});
