import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { decodeMessage } from '../../src/api/grpc/decode-message.js';
import { GetPoints, ScrollPoints, SetPayloadPoints, UpsertPoints } from '../../src/api/grpc/generated/points.js';
import { Filter } from '../../src/api/grpc/generated/qdrant_common.js';
import { splitField, wireFields } from '../../src/api/grpc/wire-fields.js';

const upsert = UpsertPoints.encode(
  UpsertPoints.create({
    collectionName: 'books',
    wait: true,
    points: [1n, 2n ** 64n - 1n].map((value) => ({ id: { pointIdOptions: { $case: 'num', value } } })),
    timeout: 7n,
  }),
).finish();

/** An embedded message of `levels` levels, each the only field 4 (a filter in a condition) of the last. */
function nestedFilter(levels: number): Uint8Array {
  let filter = Filter.encode(Filter.create({})).finish();
  for (let level = 0; level < levels; level += 1) {
    filter = Filter.encode({
      should: [],
      must: [{ conditionOneOf: { $case: 'filter', value: Filter.decode(filter) } }],
      mustNot: [],
      minShould: undefined,
    }).finish();
  }
  return filter;
}

describe('splitField', () => {
  test('takes every occurrence out and numbers it anew', () => {
    const { taken, rest } = splitField(upsert, 3, 1);
    expect([...wireFields(taken)].map(({ number }) => number)).toEqual([1, 1]);
    const around = UpsertPoints.decode(rest);
    expect(around).toMatchObject({ collectionName: 'books', wait: true, points: [], timeout: 7n });
  });

  test('keeps the number when it stays the same, and the bytes with it', () => {
    const { taken, rest } = splitField(upsert, 3, 3);
    expect(UpsertPoints.decode(Buffer.concat([rest, taken]))).toEqual(UpsertPoints.decode(upsert));
  });

  test('shortens a tag that was padded', () => {
    const padded = Uint8Array.of(0x9a, 0x80, 0x00, 0x02, 0x08, 0x05);
    expect(splitField(padded, 3, 1).taken).toEqual(Buffer.from([0x0a, 0x02, 0x08, 0x05]));
  });

  test('refuses the field in another wire type', () => {
    expect(() => splitField(Uint8Array.of(0x18, 0x01), 3, 1)).toThrow('wire type');
  });

  test('any bytes are cut or refused, and nothing is lost', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let fields;
        try {
          fields = [...wireFields(bytes)];
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(Buffer.concat(fields.map(({ whole }) => whole))).toEqual(Buffer.from(bytes));
      }),
      { seed: 6334, numRuns: 500 },
    );
  });
});

describe('decodeMessage', () => {
  const refusal = (decode: () => unknown): ServiceError => {
    try {
      decode();
    } catch (error) {
      if (error instanceof ServiceError) return error;
      throw error;
    }
    throw new Error('It was accepted');
  };

  test('names the message that is cut short', () => {
    const error = refusal(() => decodeMessage(ScrollPoints, Uint8Array.of(0x0a, 0x05, 0x61), 'ScrollPoints'));
    expect(error.kind).toBe('format');
    expect(error.text).toContain('Format error in ScrollPoints');
  });

  test('refuses text that is not UTF-8', () => {
    const error = refusal(() => decodeMessage(ScrollPoints, Uint8Array.of(0x0a, 0x02, 0xc3, 0x28), 'ScrollPoints'));
    expect(error.kind).toBe('format');
  });

  test('refuses nesting that would exhaust the stack', () => {
    // A filter in a condition in a filter, and so on: fields 4 and 2, each around the one before.
    const writer = new BinaryWriter();
    const levels = 2_000;
    for (let level = 0; level < levels; level += 1) writer.uint32(level % 2 === 0 ? 0x12 : 0x22).fork();
    for (let level = 0; level < levels; level += 1) writer.join();
    expect(refusal(() => decodeMessage(Filter, writer.finish(), 'Filter')).kind).toBe('format');
  });

  test('refuses more parts than a request can mean', () => {
    const emptyIds = Buffer.alloc(2 * 2_500_000);
    for (let at = 0; at < emptyIds.length; at += 2) emptyIds[at] = 0x12;
    expect(refusal(() => decodeMessage(GetPoints, emptyIds, 'GetPoints')).text).toContain('more than 4000000');
  });

  test('takes an ordinary filter of several levels', () => {
    expect(decodeMessage(Filter, nestedFilter(20), 'Filter').must).toHaveLength(1);
  });

  test('keys of maps may have the names of object members', () => {
    const message = SetPayloadPoints.create({
      payload: new Map([['__proto__', { kind: { $case: 'integerValue', value: 1n } }]]),
    });
    const decoded = decodeMessage(SetPayloadPoints, SetPayloadPoints.encode(message).finish(), 'SetPayloadPoints');
    expect([...decoded.payload.keys()]).toEqual(['__proto__']);
  });
});
