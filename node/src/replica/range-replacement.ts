/** What a range replacement does to a shard: which of its points go. Pure. */
import { EngineError } from '../engine/engine-error.js';
import { operationFieldsOffset } from '../shard/clock-tag.js';

const upsertKind = 1;
const idBytes = [9, 17] as const;

/** Reads forward; past the end it throws BAD_REQUEST. */
class Reader {
  #at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new EngineError('BAD_REQUEST', 'an operation ends too early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  id(): Buffer {
    const tag = this.u8();
    const size = idBytes[tag];
    if (size === undefined) throw new EngineError('BAD_REQUEST', `ids of kind ${tag} are not known`);
    this.#at -= 1;
    return this.take(size);
  }

  skipVector(): void {
    this.u16();
    const form = this.u8();
    switch (form) {
      case 0:
        this.take(this.u32() * 4);
        return;
      case 1:
        this.take(this.u32() * 8);
        return;
      case 2:
        this.take(this.u32() * this.u32() * 4);
        return;
      default:
        throw new EngineError('BAD_REQUEST', `vectors of form ${form} are not known`);
    }
  }
}

/** The ids of the points of an upsert operation, as latin1 text of their encodings. */
function upsertedIds(operation: Uint8Array): ReadonlySet<string> {
  const reader = new Reader(operation, operationFieldsOffset);
  for (let names = reader.u16(); names > 0; names -= 1) reader.take(reader.u16());
  const ids = new Set<string>();
  for (let points = reader.u32(); points > 0; points -= 1) {
    ids.add(reader.id().toString('latin1'));
    for (let vectors = reader.u16(); vectors > 0; vectors -= 1) reader.skipVector();
    reader.take(reader.u32());
  }
  return ids;
}

/** Of `present`, an ids block, those that `operation` does not upsert: an ids block, or null when there are none. */
export function idsToDelete(present: Uint8Array, operation: Uint8Array): Buffer | null {
  if (operation[1] !== upsertKind) throw new EngineError('BAD_REQUEST', 'a range is replaced by an upsert');
  const reader = new Reader(present, 0);
  const count = reader.u32();
  // The common case, a new replica: going through the points costs the event loop more than all else of the range.
  if (count === 0) return null;
  const kept = upsertedIds(operation);
  const gone: Buffer[] = [];
  for (let left = count; left > 0; left -= 1) {
    const id = reader.id();
    if (!kept.has(id.toString('latin1'))) gone.push(id);
  }
  if (gone.length === 0) return null;
  const head = Buffer.alloc(4);
  head.writeUInt32LE(gone.length);
  return Buffer.concat([head, ...gone]);
}

const deleteKind = 2;

/** An operation of kind 2 with the clock tag of `stamped`. */
export function deletionOf(ids: Uint8Array, stamped: Uint8Array): Buffer {
  const operation = Buffer.concat([stamped.subarray(0, operationFieldsOffset), ids]);
  operation.writeUInt8(deleteKind, 1);
  return operation;
}
