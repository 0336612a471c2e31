/** Filters and point ids of request bodies: the decoders of payload/, with REST's wording of errors. */
import { isLosslessNumber } from 'lossless-json';
import { decodeFilter, DecodeError } from '../../../payload/decode-filter.js';
import type { Filter, PointId } from '../../../payload/filter.js';
import { parseUuid } from '../../../payload/point-id.js';
import { asList, formatError } from './fields.js';

const largestId = 2n ** 64n - 1n;

export function decodeRestFilter(value: unknown, path: string): Filter {
  try {
    return decodeFilter(value, path);
  } catch (error) {
    if (error instanceof DecodeError) throw formatError(error.path, error.message);
    throw error;
  }
}

function noPointId(text: string, path: string): Error {
  const shown = text.slice(0, 80);
  return formatError(
    path,
    `value ${shown} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
  );
}

export function decodePointId(value: unknown, path: string): PointId {
  if (isLosslessNumber(value)) {
    if (!/^\d{1,20}$/.test(value.value)) throw noPointId(value.value, path);
    const id = BigInt(value.value);
    if (id > largestId) throw noPointId(value.value, path);
    return id;
  }
  if (typeof value !== 'string') throw noPointId(Array.isArray(value) ? 'list' : typeof value, path);
  const uuid = parseUuid(value);
  if (uuid === null) throw noPointId(value, path);
  return uuid;
}

export function decodePointIds(value: unknown, path: string): readonly PointId[] {
  return asList(value, path).map((element, index) => decodePointId(element, `${path}[${index}]`));
}

/** An id in a path: digits or a UUID. */
export function pointIdFromPath(text: string): PointId | null {
  if (/^\d{1,20}$/.test(text)) {
    const id = BigInt(text);
    return id <= largestId ? id : null;
  }
  return parseUuid(text);
}
