/**
 * The protobuf wire format as far as a message is cut into its fields without decoding them: points
 * and payloads go to the native codec as the bytes they came in, and only what is around them is
 * decoded here.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export interface WireField {
  readonly number: number;
  readonly wireType: WireType;
  /** What follows the tag; of a length-delimited field, what follows the length. */
  readonly content: Uint8Array;
  /** The field with its tag. */
  readonly whole: Uint8Array;
  /** How many bytes of `whole` are the tag. */
  readonly tagLength: number;
}

/** The top-level fields of a message, in order. Throws on bytes that are no protobuf message. */
export function* wireFields(message: Uint8Array): Generator<WireField, void, undefined> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const tagLength = reader.pos - start;
    const content = wireType === WireType.LengthDelimited ? reader.bytes() : reader.skip(wireType, number);
    yield { number, wireType, content, whole: message.subarray(start, reader.pos), tagLength };
  }
}

/** What `splitField` makes of a message. */
export interface SplitMessage {
  /** Every occurrence of the field, under its new number. */
  readonly taken: Uint8Array;
  /** All other fields, as they were. */
  readonly rest: Uint8Array;
}

/**
 * Cuts a length-delimited field out of a message and numbers it anew, below 16: points have another
 * number in a batch than in a request of their own, and the codec expects the entries of a payload as
 * field 1. Neither half is longer than the message, whatever a hostile one is made of.
 */
export function splitField(message: Uint8Array, number: number, renumbered: number): SplitMessage {
  const taken = Buffer.allocUnsafe(message.length);
  const rest = Buffer.allocUnsafe(message.length);
  let takenLength = 0;
  let restLength = 0;
  for (const field of wireFields(message)) {
    if (field.number !== number) {
      rest.set(field.whole, restLength);
      restLength += field.whole.length;
    } else if (field.wireType === WireType.LengthDelimited) {
      taken.writeUInt8((renumbered << 3) | WireType.LengthDelimited, takenLength);
      taken.set(field.whole.subarray(field.tagLength), takenLength + 1);
      takenLength += 1 + field.whole.length - field.tagLength;
    } else {
      throw new RangeError(`field ${number} has wire type ${field.wireType}`);
    }
  }
  return { taken: taken.subarray(0, takenLength), rest: rest.subarray(0, restLength) };
}
