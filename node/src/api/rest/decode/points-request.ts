/** Bodies that change points: which points, and what becomes of them. */
import { parse } from 'lossless-json';
import { ServiceError } from '../../../errors.js';
import type { NativeCodec, ParsedUpsert, VectorShape } from '../../../engine/addon.js';
import type { PointsSelector, WriteOperation } from '../../../service/points-service.js';
import { asText, Fields, formatError, isPlainObject, notServed, validationError } from './fields.js';
import { decodeRestFilter, decodePointIds } from './filter-request.js';
import { arrayTexts, objectTexts } from './json-text.js';

/** Bodies from this size are parsed on a thread of the engine's pool: 64 KiB take about a millisecond. */
const asyncParseBytes = 64 * 1024;

function parseFields(text: string, path: string): Fields {
  return Fields.of(parse(text, null, { onDuplicateKey: ({ newValue }) => newValue }), path);
}

/** The fields beside the points of an upsert or vector update. */
function checkRest(rest: string): void {
  if (rest === '' || rest === '{}') return;
  const fields = parseFields(rest, '');
  fields.refuse('shard_key', 'update_filter');
  const mode = fields.text('update_mode');
  if (mode !== undefined && mode !== 'upsert') throw notServed(`update_mode ${mode.slice(0, 40)}`);
}

function checked(parsed: ParsedUpsert): ParsedUpsert {
  checkRest(parsed.rest);
  return parsed;
}

export function upsertFromJson(codec: NativeCodec, body: Uint8Array): WriteOperation {
  return {
    kind: 'upsert',
    parse: (shapes: readonly VectorShape[]) =>
      body.byteLength < asyncParseBytes
        ? checked(codec.parseUpsert(body, shapes))
        : codec.parseUpsertAsync(body, shapes).then(checked),
  };
}

export function updateVectorsFromJson(codec: NativeCodec, body: Uint8Array): WriteOperation {
  return { kind: 'update-vectors', parse: (shapes) => checked(codec.parseUpdateVectors(body, shapes)) };
}

/** Points by ids or by filter; with both, the ids are meant, as in the original. */
function pointsSelector(fields: Fields): PointsSelector | null {
  fields.refuse('shard_key');
  const points = fields.read('points', decodePointIds);
  if (points !== undefined) return { kind: 'ids', ids: points };
  const filter = fields.get('filter');
  if (filter === undefined) return null;
  return { kind: 'filter', filter: decodeRestFilter(filter, fields.at('filter')) };
}

function requiredSelector(fields: Fields): PointsSelector {
  const selector = pointsSelector(fields);
  if (selector === null) throw formatError(fields.path, 'data did not match: expected `points` or `filter`');
  return selector;
}

/** The operations on payloads say it this way when neither is given. */
function targetSelector(fields: Fields): PointsSelector {
  const selector = pointsSelector(fields);
  if (selector === null) throw validationError('points', 'either `filter` or `points` should be specified');
  return selector;
}

function textList(fields: Fields, name: string): readonly string[] {
  const list = fields.list(name);
  if (list === undefined) throw formatError(fields.path, `missing field \`${name}\``);
  return list.map((value, index) => asText(value, `${fields.at(name)}[${index}]`));
}

function payloadBytes(fields: Fields, text: string): Uint8Array {
  if (!isPlainObject(fields.required('payload'))) throw formatError(fields.at('payload'), 'expected an object');
  return Buffer.from(objectTexts(text).get('payload') ?? '', 'utf8');
}

const writeKinds = [
  'upsert',
  'delete',
  'set_payload',
  'overwrite_payload',
  'delete_payload',
  'clear_payload',
  'update_vectors',
  'delete_vectors',
] as const;

/** Names of the write operations in REST's batch form. */
export type RestWriteKind = (typeof writeKinds)[number];

/** `text` must be known to be valid JSON. */
export function decodeWrite(codec: NativeCodec, kind: RestWriteKind, text: string, path = ''): WriteOperation {
  if (kind === 'upsert') return upsertFromJson(codec, Buffer.from(text, 'utf8'));
  if (kind === 'update_vectors') return updateVectorsFromJson(codec, Buffer.from(text, 'utf8'));
  const fields = parseFields(text, path);
  switch (kind) {
    case 'delete':
      return { kind: 'delete-points', selector: requiredSelector(fields) };
    case 'clear_payload':
      return { kind: 'clear-payload', selector: requiredSelector(fields) };
    case 'set_payload':
      return {
        kind: 'set-payload',
        payload: payloadBytes(fields, text),
        selector: targetSelector(fields),
        key: fields.text('key') ?? null,
      };
    case 'overwrite_payload':
      fields.refuse('key');
      return { kind: 'overwrite-payload', payload: payloadBytes(fields, text), selector: targetSelector(fields) };
    case 'delete_payload':
      return { kind: 'delete-payload', keys: textList(fields, 'keys'), selector: targetSelector(fields) };
    case 'delete_vectors': {
      const names = textList(fields, 'vector');
      if (names.length === 0) throw validationError('vector', 'must not be empty');
      return { kind: 'delete-vectors', names, selector: targetSelector(fields) };
    }
  }
}

function isWriteKind(name: string | undefined): name is RestWriteKind {
  return writeKinds.some((kind) => kind === name);
}

/** Most operations of one batch; each is answered for itself. */
const operationsMax = 10_000;

/** `text` must be known to be valid JSON. */
export function decodeWriteBatch(codec: NativeCodec, text: string): readonly WriteOperation[] {
  if (!text.trimStart().startsWith('{')) throw formatError('', 'expected an object');
  const list = objectTexts(text).get('operations');
  if (list === undefined) throw formatError('', 'missing field `operations`');
  if (!list.startsWith('[')) throw formatError('operations', 'expected a list');
  const operations = arrayTexts(list);
  if (operations.length > operationsMax) {
    throw new ServiceError(
      'bad-request',
      `operations holds ${operations.length} operations, the most is ${operationsMax}`,
    );
  }
  return operations.map((operation, index) => {
    const path = `operations[${index}]`;
    if (!operation.startsWith('{')) throw formatError(path, 'expected an object');
    const [entry, ...more] = objectTexts(operation);
    if (entry === undefined || more.length > 0 || !isWriteKind(entry[0])) {
      throw formatError(path, `expected one of ${writeKinds.join(', ')}`);
    }
    return decodeWrite(codec, entry[0], entry[1], `${path}.${entry[0]}`);
  });
}
