/** Which parts of a payload, and which vectors, a read returns (docs/internals/engine.md, "Selectors"). */
import { ServiceError } from '../errors.js';
import { ByteWriter } from './byte-writer.js';

export type PayloadSelector =
  | { readonly mode: 'none' | 'all' }
  /** Only what is at these paths, or everything but that. */
  | { readonly mode: 'include' | 'exclude'; readonly paths: readonly string[] };

export type VectorSelector =
  | { readonly mode: 'none' | 'all' }
  /** Vectors by name; '' is the default vector. */
  | { readonly mode: 'include'; readonly names: readonly string[] };

const modes = { none: 0, all: 1, include: 2, exclude: 3 } as const;

/** Counts and lengths have 16 bits. */
const largest = 65_535;

function writeTexts(out: ByteWriter, texts: readonly string[], field: string): void {
  if (texts.length > largest)
    throw new ServiceError('bad-input', `${field}: at most ${largest} names, not ${texts.length}`);
  out.u16(texts.length);
  texts.forEach((text, index) => {
    if (Buffer.byteLength(text) > largest) {
      throw new ServiceError('bad-input', `${field}[${index}]: a name has at most ${largest} bytes`);
    }
    out.text16(text);
  });
}

export function encodePayloadSelector(selector: PayloadSelector): Buffer {
  const out = new ByteWriter();
  out.u8(modes[selector.mode]);
  switch (selector.mode) {
    case 'none':
    case 'all':
      break;
    case 'include':
    case 'exclude':
      writeTexts(out, selector.paths, 'with_payload');
      break;
  }
  return out.finish();
}

export function encodeVectorSelector(selector: VectorSelector): Buffer {
  const out = new ByteWriter();
  out.u8(modes[selector.mode]);
  switch (selector.mode) {
    case 'none':
    case 'all':
      break;
    case 'include':
      writeTexts(out, selector.names, 'with_vector');
      break;
  }
  return out.finish();
}
