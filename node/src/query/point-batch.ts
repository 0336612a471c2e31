/**
 * Reads the point batches that the engine returns (docs/internals/engine.md, "Point batches"), for the
 * few uses that TypeScript has for their insides.
 */

const flags = { scores: 1, payloads: 2, vectors: 4 } as const;

const version = 1;

const versionBytes = 8;
const scoreBytes = 4;
const nameIndexBytes = 2;

export class PointBatchError extends Error {
  override readonly name = 'PointBatchError';
}

export type BatchVector =
  { readonly form: 'dense'; readonly values: Float32Array } | { readonly form: 'sparse' | 'multi' };

export interface BatchPoint {
  /** [start, end) of the encoded id. */
  readonly id: readonly [number, number];
  /** [start, end) of what follows version and score: payload and vectors. */
  readonly content: readonly [number, number];
  readonly vectors: ReadonlyMap<string, BatchVector>;
}

class Reader {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  skip(count: number): void {
    if (count < 0 || this.at + count > this.bytes.length) throw new PointBatchError('the batch ends too early');
    this.at += count;
  }

  u8(): number {
    this.skip(1);
    return this.bytes.readUInt8(this.at - 1);
  }

  u16(): number {
    this.skip(2);
    return this.bytes.readUInt16LE(this.at - 2);
  }

  u32(): number {
    this.skip(4);
    return this.bytes.readUInt32LE(this.at - 4);
  }

  text(): string {
    const length = this.u16();
    this.skip(length);
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
}

export interface PointBatch {
  readonly flags: number;
  /** End of the header: version, flags and names. */
  readonly headerEnd: number;
  readonly points: readonly BatchPoint[];
}

interface OpenBatch {
  readonly reader: Reader;
  readonly present: number;
  readonly names: readonly string[];
}

function openBatch(bytes: Buffer): OpenBatch {
  const reader = new Reader(bytes);
  const found = reader.u8();
  if (found !== version) throw new PointBatchError(`point batches of version ${found} are not known, only ${version}`);
  const present = reader.u8();
  const names = Array.from({ length: reader.u16() }, () => reader.text());
  return { reader, present, names };
}

export function readPointBatch(bytes: Buffer): PointBatch {
  const { reader, present, names } = openBatch(bytes);
  const headerEnd = reader.at;
  const count = reader.u32();
  const points: BatchPoint[] = [];
  for (let index = 0; index < count; index += 1) points.push(readPoint(reader, present, names));
  return { flags: present, headerEnd, points };
}

function readId(reader: Reader): readonly [number, number] {
  const start = reader.at;
  reader.skip(reader.u8() === 0 ? 8 : 16);
  return [start, reader.at];
}

function readPoint(reader: Reader, present: number, names: readonly string[]): BatchPoint {
  const id = readId(reader);
  reader.skip(versionBytes);
  if ((present & flags.scores) !== 0) reader.skip(scoreBytes);
  const contentStart = reader.at;
  if ((present & flags.payloads) !== 0) reader.skip(reader.u32());
  const vectors = new Map<string, BatchVector>();
  if ((present & flags.vectors) !== 0) {
    for (let left = reader.u16(); left > 0; left -= 1) {
      const name = names[reader.u16()];
      if (name === undefined) throw new PointBatchError('a vector has a name that is not in the table');
      vectors.set(name, readVector(reader));
    }
  }
  return { id, content: [contentStart, reader.at], vectors };
}

function readVector(reader: Reader): BatchVector {
  const start = reader.at;
  const form = skipVector(reader);
  switch (form) {
    case 'dense': {
      const dimension = reader.bytes.readUInt32LE(start + 1);
      const values = new Float32Array(dimension);
      for (let index = 0; index < dimension; index += 1) {
        values[index] = reader.bytes.readFloatLE(start + 5 + index * 4);
      }
      return { form, values };
    }
    case 'sparse':
    case 'multi':
      return { form };
  }
}

function skipVector(reader: Reader): BatchVector['form'] {
  const form = reader.u8();
  switch (form) {
    case 0:
      reader.skip(reader.u32() * 4);
      return 'dense';
    case 1:
      reader.skip(reader.u32() * 8);
      return 'sparse';
    case 2: {
      const rows = reader.u32();
      reader.skip(rows * reader.u32() * 4);
      return 'multi';
    }
    default:
      throw new PointBatchError(`vectors of form ${form} are not known`);
  }
}

/** The encoded ids of the points, in their order, without a look at what comes with them. */
export function pointBatchIds(bytes: Buffer): Buffer[] {
  const { reader, present } = openBatch(bytes);
  const count = reader.u32();
  const ids: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const [start, end] = readId(reader);
    ids.push(bytes.subarray(start, end));
    reader.skip((present & flags.scores) === 0 ? versionBytes : versionBytes + scoreBytes);
    if ((present & flags.payloads) !== 0) reader.skip(reader.u32());
    if ((present & flags.vectors) === 0) continue;
    for (let left = reader.u16(); left > 0; left -= 1) {
      reader.skip(nameIndexBytes);
      skipVector(reader);
    }
  }
  return ids;
}

/** The same points with one score for all and version 0: what a query without a query returns. */
export function withConstantScore(bytes: Buffer, score: number): Buffer {
  const batch = readPointBatch(bytes);
  const header = Buffer.from(bytes.subarray(0, batch.headerEnd + 4));
  header[1] = batch.flags | flags.scores;
  // u64 version 0, f32 score.
  const versionAndScore = Buffer.alloc(12);
  versionAndScore.writeFloatLE(score, 8);
  const parts = batch.points.flatMap((point) => [
    bytes.subarray(...point.id),
    versionAndScore,
    bytes.subarray(...point.content),
  ]);
  return Buffer.concat([header, ...parts]);
}

/** An empty batch with scores. */
export function emptyScoredBatch(): Buffer {
  return Buffer.from([version, flags.scores, 0, 0, 0, 0, 0, 0]);
}
