/** The shard of the simulation against the real one: the same writes, the same contents. */
import { describe, expect, it } from 'vitest';
import { encodePointId } from '../../src/payload/point-id.js';
import type { ReplicatedShard } from '../../src/replica/replicated-shard.js';
import { withClockTag } from '../../src/shard/clock-tag.js';
import type { LocalShard } from '../../src/shard/local-shard.js';
import type { WriteResult } from '../../src/shard/write-result.js';
import { randomBelow, seededRandom } from '../faults/seeded-random.js';
import { allRecords, openShard, whereInteger, withFolder } from '../shard/shard-fixture.js';
import { decodeOperation, encodeOperation, type ModelOperation } from './simulation/model-operations.js';
import { ModelShard } from './simulation/model-shard.js';

function randomOperation(random: () => number): ModelOperation {
  const id = 1 + randomBelow(random, 6);
  const other = 1 + randomBelow(random, 6);
  const payload = { v: randomBelow(random, 3), [`k${randomBelow(random, 3)}`]: randomBelow(random, 9) };
  switch (randomBelow(random, 6)) {
    case 0:
      return { kind: 'delete', ids: [id, other] };
    case 1:
      return { kind: 'clear', ids: [id] };
    case 2:
      return { kind: 'set', ids: [id, other], payload };
    case 3:
      return { kind: 'overwrite', ids: [id], payload };
    default:
      return { kind: 'upsert', points: [{ id, payload }] };
  }
}

const nothing = (): Promise<void> => Promise.resolve();

async function pointsOf(shard: LocalShard): Promise<unknown> {
  return (await allRecords(shard)).map(({ id, payload }) => [id, payload]);
}

/** One write of each kind, as a leader makes it. */
async function writeBoth(
  shards: readonly [ReplicatedShard, ReplicatedShard],
  operation: Uint8Array,
  filter: Uint8Array | null,
): Promise<readonly WriteResult[]> {
  return Promise.all(
    shards.map(async (shard) => {
      const appended = await shard.inSequence(async (section) => {
        if (filter !== null) await (await section.caughtUp()).resolve(filter);
        await section.room(operation.byteLength);
        return section.append(operation);
      });
      return appended.answer({ wait: true });
    }),
  );
}

describe('the shard of the simulation', () => {
  it('does what a real shard does', { timeout: 60_000 }, () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const filters = [0, 1, 2].map((value) => whereInteger('v', value));
      const model = new ModelShard({
        disk: { log: [] },
        matches: (filter, payload) =>
          payload['v'] === filters.findIndex((program) => Buffer.from(program).equals(filter)),
        diskDelay: nothing,
        applyDelay: nothing,
      });
      const random = seededRandom(3);
      for (let tick = 1; tick <= 200; tick += 1) {
        const encoded = encodeOperation(randomOperation(random));
        const stamped = withClockTag(encoded, { peer: 1 + (tick % 2), clock: 0, tick });
        const filter = filters[randomBelow(random, 9)] ?? null;
        const [real, modelled] = await writeBoth([shard, model], stamped, filter);
        expect(modelled).toEqual(real);
        expect(model.newestTick(1)).toBe(shard.newestTick(1));
        expect(model.newestTick(2)).toBe(shard.newestTick(2));
        if (filter === null) continue;
        const resolve = (from: ReplicatedShard): Promise<Buffer> =>
          from.inSequence(async (section) => (await section.caughtUp()).resolve(filter));
        expect(await resolve(model)).toEqual(await resolve(shard));
      }
      const modelled = [...model.points].sort(([a], [b]) => a - b);
      expect(modelled).toEqual(await pointsOf(shard));
      await close();
    }),
  );

  it('reads and compares ranges as a real shard does', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const model = new ModelShard({
        disk: { log: [] },
        matches: () => false,
        diskDelay: nothing,
        applyDelay: nothing,
      });
      const points = Array.from({ length: 9 }, (_, at) => ({ id: 3 * at, payload: { v: at } }));
      await writeBoth([shard, model], encodeOperation({ kind: 'upsert', points }), null);
      const bounds = [null, encodePointId(6n), encodePointId(7n)];
      for (const after of bounds) {
        for (const to of bounds) {
          for (const limit of [2, 20]) {
            const [real, modelled] = [
              await shard.exportRange(after, to, limit),
              await model.exportRange(after, to, limit),
            ];
            expect({ ...modelled, operation: decodeOperation(modelled.operation) }).toEqual({
              ...real,
              operation: decodeOperation(real.operation),
            });
            const digests = [await shard.digestRange(after, to, limit), await model.digestRange(after, to, limit)];
            expect(digests[1]).toMatchObject({
              count: digests[0]?.count,
              last: digests[0]?.last,
              more: digests[0]?.more,
            });
          }
          expect(await model.idsInRange(after, to)).toEqual(await shard.idsInRange(after, to));
        }
      }
      await close();
    }));
});
