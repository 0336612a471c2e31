import { describe, expect, it } from 'vitest';

import { loadAddon, type NativeCodec, type VectorShape } from '../../src/engine/addon.js';

const codec: NativeCodec = loadAddon().codec;
const shapes: readonly VectorShape[] = [{ name: '', kind: 'dense', dimension: 4 }];

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

function codeAndMessage(run: () => unknown): { code: unknown; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('lift', () => {
  it('hands long number lists over as Float32Arrays with their place in the body', () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i + 0.5);
    const body = `{"query": ${JSON.stringify(numbers)}, "limit": 10}`;
    const lifted = codec.lift(bytes(body));
    expect(lifted.json).toBe('{"query":{"$lifted":0},"limit":10}');
    expect(lifted.arrays).toEqual([Float32Array.from(numbers)]);
    const span = lifted.spans[0];
    expect(span).toBeDefined();
    expect(body.slice(span?.[0], span?.[1])).toBe(JSON.stringify(numbers));
  });

  it('says what is wrong with JSON and where', () => {
    expect(codeAndMessage(() => codec.lift(bytes('{"a":}')))).toEqual({
      code: 'BAD_JSON',
      message: 'expected value at line 1 column 6',
    });
    expect(codeAndMessage(() => codec.lift(bytes('[1e400]'))).code).toBe('BAD_JSON');
    expect(codeAndMessage(() => codec.lift(Uint8Array.of(0x22, 0xff, 0x22))).message).toBe(
      'invalid UTF-8 at line 1 column 2',
    );
  });
});

describe('parseUpsert', () => {
  const body = '{"points":[{"id":18446744073709551615,"vector":[1,2,3,4],"payload":{"a":1.0}}],"shard_key":"k"}';

  it('gives an operation, the number of points and the rest of the body', () => {
    const parsed = codec.parseUpsert(bytes(body), shapes);
    expect(parsed.points).toBe(1);
    expect(parsed.rest).toBe('{"shard_key":"k"}');
    expect(parsed.operation[0]).toBe(1);
    expect(parsed.operation[1]).toBe(1);
    expect(parsed.operation.includes('{"a":1.0}')).toBe(true);
  });

  it('does the same on a pool thread', async () => {
    const parsed = await codec.parseUpsertAsync(bytes(body), shapes);
    expect(parsed).toEqual(codec.parseUpsert(bytes(body), shapes));
    await expect(codec.parseUpsertAsync(bytes('{"points":[{"id":1,"vector":[1]}]}'), shapes)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: 'Vector dimension error: expected dim: 4, got 1',
    });
  });

  it('names the field that has the wrong form', () => {
    const error = codeAndMessage(() => codec.parseUpsert(bytes('{"points":[{"id":-1,"vector":[1,2,3,4]}]}'), shapes));
    expect(error.code).toBe('BAD_JSON');
    expect(error.message).toContain('points[0].id: value -1 is not a valid point ID');
  });

  it('refuses arguments that are not bytes or shapes', () => {
    expect(() => codec.parseUpsert('x' as unknown as Uint8Array, shapes)).toThrow(TypeError);
    expect(() => codec.parseUpsert(bytes(body), [{ name: '', kind: 'odd' as 'dense', dimension: 4 }])).toThrow(
      TypeError,
    );
  });
});

describe('parseUpdateVectors', () => {
  it('gives an operation of kind 7', () => {
    const parsed = codec.parseUpdateVectors(bytes('{"points":[{"id":1,"vector":[1,2,3,4]}]}'), shapes);
    expect(parsed.operation[1]).toBe(7);
    expect(parsed.points).toBe(1);
  });
});

describe('messages', () => {
  it('refuses what is malformed', () => {
    expect(codeAndMessage(() => codec.parseUpsertMessage(Uint8Array.of(0x1a, 0x05), shapes)).code).toBe('BAD_REQUEST');
    expect(codeAndMessage(() => codec.parseUpdateVectorsMessage(Uint8Array.of(0x07), shapes)).code).toBe('BAD_REQUEST');
    expect(codeAndMessage(() => codec.payloadFromMessage(Uint8Array.of(0x0a))).code).toBe('BAD_REQUEST');
  });

  it('reads a payload', () => {
    // One entry: "k" with the integer 7.
    const entries = Uint8Array.of(0x0a, 7, 0x0a, 1, 0x6b, 0x12, 2, 0x18, 7);
    expect(codec.payloadFromMessage(entries).toString()).toBe('{"k":7}');
  });
});

describe('normalizePayload', () => {
  it('keeps numbers as they are written and the last of duplicate keys', () => {
    const text = '{ "a" : 1, "b": 9007199254740993, "c": 1.0, "d": -9223372036854775808, "a": 2 }';
    expect(codec.normalizePayload(bytes(text)).toString()).toBe(
      '{"b":9007199254740993,"c":1.0,"d":-9223372036854775808,"a":2}',
    );
    expect(codec.normalizePayload(bytes(' {} ')).toString()).toBe('{}');
    expect(codeAndMessage(() => codec.normalizePayload(bytes('[]'))).code).toBe('BAD_JSON');
  });
});

describe('point batches', () => {
  /** Ids and scores alone, as docs/internals/engine.md lays them out. */
  function batch(points: readonly (readonly [bigint, number])[]): Buffer {
    const head = Buffer.from([1, 1, 0, 0, points.length, 0, 0, 0]);
    const parts = points.map(([id, score]) => {
      const part = Buffer.alloc(1 + 8 + 8 + 4);
      part.writeBigUInt64LE(id, 1);
      part.writeBigUInt64LE(3n, 9);
      part.writeFloatLE(score, 17);
      return part;
    });
    return Buffer.concat([head, ...parts]);
  }

  it('become JSON and messages', () => {
    const one = batch([[18446744073709551615n, 0.1]]);
    expect(codec.pointsToJson(one, 'scored').toString()).toBe('[{"id":18446744073709551615,"version":3,"score":0.1}]');
    expect(codec.pointsToJson(one, 'record').toString()).toBe('[{"id":18446744073709551615}]');
    expect(codec.pointsToMessage(batch([[1n, 0]]), 'retrieved', 2).toString('hex')).toBe('12040a020801');
    expect(codeAndMessage(() => codec.pointsToJson(one.subarray(0, 12), 'scored')).code).toBe('CORRUPT');
  });

  it('merge, best first', () => {
    const merged = codec.mergeScored(
      [
        batch([
          [1n, 0.5],
          [2n, 0.25],
        ]),
        batch([[3n, 0.375]]),
      ],
      true,
      1,
      5,
    );
    expect(codec.pointsToJson(merged, 'record').toString()).toBe('[{"id":3},{"id":2}]');
  });
});
