/** The newest snapshot of the replicated state, as one file that is replaced whole. */
import type { ConfState } from '../raft/conf-change.js';
import type { Snapshot, SnapshotMeta } from '../raft/snapshot.js';
import { readIfThere, replaceFile } from './durable-file.js';

const format = 1;

export class SnapshotFormatError extends Error {
  override readonly name = 'SnapshotFormatError';
}

export class SnapshotFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async write({ meta, data }: Snapshot): Promise<void> {
    const state = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
    await replaceFile(this.#path, JSON.stringify({ format, meta, state }));
  }

  /** Null when there is none. */
  async read(): Promise<Snapshot | null> {
    const text = await readIfThere(this.#path);
    if (text === null) return null;
    return this.#decode(text);
  }

  #decode(text: string): Snapshot {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new SnapshotFormatError(`${this.#path} is damaged: it is not JSON.`);
    }
    const file: { format?: unknown; meta?: unknown; state?: unknown } =
      typeof value === 'object' && value !== null ? value : {};
    if (file.format !== format) {
      throw new SnapshotFormatError(
        `${this.#path} has format ${String(file.format)}, and this version reads format ${format}.`,
      );
    }
    if (!isSnapshotMeta(file.meta) || typeof file.state !== 'string') {
      throw new SnapshotFormatError(`${this.#path} is damaged: a part is missing.`);
    }
    return { meta: file.meta, data: Buffer.from(file.state, 'utf8') };
  }
}

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isConfState(value: unknown): value is ConfState {
  if (typeof value !== 'object' || value === null) return false;
  const { voters, learners } = value as Partial<ConfState>;
  return [voters, learners].every((list) => Array.isArray(list) && list.every(isIndex));
}

function isSnapshotMeta(value: unknown): value is SnapshotMeta {
  if (typeof value !== 'object' || value === null) return false;
  const { index, term, confState } = value as Partial<SnapshotMeta>;
  return isIndex(index) && isIndex(term) && isConfState(confState);
}
