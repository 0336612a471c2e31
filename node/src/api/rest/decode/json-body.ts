/**
 * A request body as JSON: validated by the codec (UTF-8, syntax, depth, number ranges), with long
 * number lists as Float32Array and every other number as it was written.
 */
import { parse } from 'lossless-json';
import { toServiceError } from '../../../errors.js';
import type { LiftedBody, NativeCodec } from '../../../engine/addon.js';
import { formatError, isPlainObject } from './fields.js';

const marker = '$lifted';

/** The last of duplicate keys wins, as in the codec. */
function parseLossless(text: string): unknown {
  return parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
}

export class JsonBody {
  readonly value: unknown;
  readonly #bytes: Uint8Array;
  readonly #lifted: LiftedBody;

  private constructor(bytes: Uint8Array, lifted: LiftedBody) {
    this.#bytes = bytes;
    this.#lifted = lifted;
    this.value = parseLossless(lifted.json);
  }

  /** With `lifted` number lists where the caller reads vectors by `vector`. */
  static parse(codec: NativeCodec, bytes: Uint8Array): JsonBody {
    return new JsonBody(bytes, lift(codec, bytes));
  }

  /** Without lifting: for bodies that hold no vectors. */
  static parsePlain(codec: NativeCodec, bytes: Uint8Array): unknown {
    return parseLossless(validText(codec, bytes));
  }

  /** The list of numbers that stands at this place, or null when something else does. */
  lifted(value: unknown): Float32Array | null {
    const index = this.#index(value);
    return index === null ? null : (this.#lifted.arrays[index] ?? null);
  }

  /** The same value with every lifted list parsed as it was written: ids in it keep all their digits. */
  exact(value: unknown): unknown {
    if (this.#lifted.arrays.length === 0) return value;
    const index = this.#index(value);
    if (index !== null) {
      const span = this.#lifted.spans[index];
      if (span === undefined) return value;
      return parseLossless(Buffer.from(this.#bytes.subarray(span[0], span[1])).toString('latin1'));
    }
    if (Array.isArray(value)) return value.map((element) => this.exact(element));
    if (isPlainObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.exact(inner)]));
    }
    return value;
  }

  #index(value: unknown): number | null {
    if (!isPlainObject(value)) return null;
    const keys = Object.keys(value);
    if (keys.length !== 1 || keys[0] !== marker) return null;
    const index = Number(Reflect.get(value, marker));
    return Number.isSafeInteger(index) && index >= 0 && index < this.#lifted.arrays.length ? index : null;
  }
}

function lift(codec: NativeCodec, bytes: Uint8Array): LiftedBody {
  if (bytes.byteLength === 0) throw formatError('', 'EOF while parsing a value');
  try {
    return codec.lift(bytes);
  } catch (error) {
    throw toServiceError(error);
  }
}

/** The body as text, once the codec found it valid. */
export function validText(codec: NativeCodec, bytes: Uint8Array): string {
  lift(codec, bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
