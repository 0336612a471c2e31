/** JSON as nodes speak it: peer ids of older clusters are beyond 2^53, and have to come through unchanged. */
import { isInteger, LosslessNumber, parse, stringify } from 'lossless-json';
import type { PeerId } from './qdrant-api.js';

/** No number with fewer digits can be unsafe; without one, the built-in parser is exact and much faster. */
const mayBeUnsafe = /\d{16}/;

/** Whole numbers that a double cannot hold come as strings of digits. Throws on what is no JSON. */
export function parseLossless(text: string): unknown {
  if (!mayBeUnsafe.test(text)) {
    const value: unknown = JSON.parse(text);
    return value;
  }
  return parse(text, null, (digits) => {
    const value = Number(digits);
    return isInteger(digits) && !Number.isSafeInteger(value) ? digits : value;
  });
}

/** A peer id in a body: digits, however many. */
export function idInBody(peer: PeerId): LosslessNumber {
  return new LosslessNumber(peer);
}

export function stringifyLossless(body: object): string {
  return stringify(body) ?? '';
}
