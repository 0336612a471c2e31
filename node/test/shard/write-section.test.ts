import { describe, expect, it } from 'vitest';
import { withClockTag } from '../../src/shard/clock-tag.js';
import { allRecords, deleteOf, openShard, upsertOf, whereInteger, withFolder } from './shard-fixture.js';

const point = (id: number): { id: number; vector: number[]; payload: Record<string, unknown> } => ({
  id,
  vector: [id, 1, 0, 0],
  payload: { value: id },
});

describe('a section of writes', () => {
  it('lets nothing in between, in the order of the calls', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const order: string[] = [];
      const upsert = upsertOf([point(1)]);
      const first = shard.inSequence(async (section) => {
        await section.room(upsert.byteLength);
        // Something else would have every chance to pass.
        await new Promise((resolve) => setImmediate(resolve));
        order.push('first');
        return section.append(upsert);
      });
      const second = shard.write(deleteOf([1]), { wait: true }).then((result) => {
        order.push('second');
        return result;
      });
      expect((await (await first).answer({ wait: true })).sequence).toBe(1);
      expect((await second).sequence).toBe(2);
      expect(order).toEqual(['first', 'second']);
      expect(await allRecords(shard)).toEqual([]);
      await close();
    }));

  it('reads what every operation before it left', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const writes = Array.from({ length: 30 }, (_, at) => shard.write(upsertOf([point(at)]), { wait: false }));
      const found = await shard.inSequence(async (section) => {
        const ids = await (await section.caughtUp()).resolve(whereInteger('value', 29));
        return ids.readUInt32LE(0);
      });
      expect(found).toBe(1);
      await Promise.all(writes);
      await close();
    }));

  it('gives back the room that it does not use', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder, { queuedOperationsMax: 1 });
      for (let round = 0; round < 3; round += 1) {
        await expect(
          shard.inSequence(async (section) => {
            await section.room(100);
            throw new Error('decided against');
          }),
        ).rejects.toThrow('decided against');
      }
      await expect(
        shard.inSequence((section) => Promise.resolve(section.append(upsertOf([point(1)])))),
      ).rejects.toThrow('no room was asked');
      await shard.write(upsertOf([point(1)]), { wait: true });
      expect(shard.queuedOperations).toBe(0);
      await close();
    }));

  it('knows the newest tick of each peer, also after it was opened again', () =>
    withFolder(async (folder) => {
      const first = await openShard(folder);
      const append = async (peer: number, tick: number): Promise<void> => {
        const operation = withClockTag(upsertOf([point(tick)]), { peer, clock: 0, tick });
        const appended = await first.shard.inSequence(async (section) => {
          await section.room(operation.byteLength);
          return section.append(operation);
        });
        await appended.answer({ wait: true });
      };
      expect(first.shard.newestTick(7)).toBe(0);
      await append(7, 3);
      await append(8, 1);
      await append(7, 5);
      expect([first.shard.newestTick(7), first.shard.newestTick(8)]).toEqual([5, 1]);
      await first.close();
      const second = await openShard(folder);
      expect([second.shard.newestTick(7), second.shard.newestTick(8)]).toEqual([5, 1]);
      await second.close();
    }));
});
