import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from '../../src/k8s/json-lines.js';

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

async function linesOf(chunks: AsyncIterable<Uint8Array>, maxLength?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of jsonLines(chunks, maxLength)) lines.push(line);
  return lines;
}

test('lines come out as they went in, wherever they are cut', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify(text)));
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(lines, sizes, async (wanted, chunkSizes) => {
      const text = wanted.map((line) => `${line}\n`).join('');
      expect(await linesOf(cut(Buffer.from(text), chunkSizes))).toEqual(wanted);
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('a line that never ends is given up before it fills the memory', async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 1000;
      yield Buffer.alloc(1000, 'x');
      await Promise.resolve();
    }
  }
  await expect(linesOf(endless(), 50_000)).rejects.toMatchObject({ kind: 'unavailable' });
  expect(sent).toBeLessThanOrEqual(51_000);
});

test('many short lines are no long one, and empty ones are nothing', async () => {
  const text = '1\n\n'.repeat(100);
  expect(await linesOf(cut(Buffer.from(text), [64]), 10)).toHaveLength(100);
});
