/** Decoding of request messages, with bounds on what a hostile one can make this process allocate. */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ServiceError } from '../../errors.js';

/** What ts-proto generates for a message, as far as decoding goes. */
export interface MessageDecoder<T> {
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/**
 * A decoded message takes up to a hundred times its bytes when it is made of empty submessages, so
 * that one request of 32 MB could fill the heap. Four million reads stand for about a million ids, or
 * for less than half a gigabyte of objects of the worst kind.
 */
const readsMax = 4_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

class BoundedReader extends BinaryReader {
  #readsLeft = readsMax;

  constructor(message: Uint8Array) {
    super(message, (bytes) => utf8.decode(bytes));
    const readUint32 = this.uint32;
    // In the base class `uint32` is a property of the instance: every tag and length goes through it.
    this.uint32 = () => {
      this.#countRead();
      return readUint32.call(this);
    };
  }

  override uint64(): bigint | string {
    this.#countRead();
    return super.uint64();
  }

  override int64(): bigint | string {
    this.#countRead();
    return super.int64();
  }

  #countRead(): void {
    this.#readsLeft -= 1;
    if (this.#readsLeft < 0) throw new RangeError(`more than ${readsMax} fields and values`);
  }
}

/** Throws `format` when the bytes are not such a message; `name` says which part of the request they are. */
export function decodeMessage<T>(decoder: MessageDecoder<T>, message: Uint8Array, name: string): T {
  return refuseMalformed(name, () => decoder.decode(new BoundedReader(message)));
}

/** Runs a reader of wire bytes: whatever it throws means that they are malformed. */
export function refuseMalformed<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServiceError('format', `Format error in ${name}: ${reason}`, { cause: error });
  }
}
