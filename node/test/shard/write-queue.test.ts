import { describe, expect, it } from 'vitest';

import { WriteQueue } from '../../src/shard/write-queue.js';

describe('write queue', () => {
  it('lets writers in by order of arrival, within both bounds', async () => {
    const queue = new WriteQueue(2, 100);
    await queue.enter(60);
    const order: string[] = [];
    const large = queue.enter(90).then(() => order.push('large'));
    const small = queue.enter(1).then(() => order.push('small'));
    expect(queue.operations).toBe(1);
    queue.leave(60);
    await large;
    await small;
    expect(order).toEqual(['large', 'small']);
    expect(queue.bytes).toBe(91);
  });

  it('lets an operation above the bound in alone', async () => {
    const queue = new WriteQueue(10, 100);
    await queue.enter(1_000);
    const next = queue.enter(1);
    queue.leave(1_000);
    await next;
    expect(queue.bytes).toBe(1);
  });

  it('refuses who waits and who comes once it is closed', async () => {
    const queue = new WriteQueue(1, 100);
    await queue.enter(1);
    const waiting = queue.enter(1);
    queue.close(new Error('closed'));
    await expect(waiting).rejects.toThrow('closed');
    await expect(queue.enter(1)).rejects.toThrow('closed');
  });
});
