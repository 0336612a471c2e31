/**
 * The peers whose replica of one shard missed writes that this node took, as long as the metadata does
 * not say so. In memory at once, on disk before anybody is told that a write succeeded without them.
 */
import { readIfThere, replaceFile } from '../consensus/durable-file.js';
import { isPeerId, type PeerId } from '../metadata/peer-id.js';

export interface MissedWritesLedger {
  /** Those that are noted, or are being noted. */
  readonly peers: ReadonlySet<PeerId>;
  /** Counts the changes of `peers`. */
  readonly version: number;
  /** The metadata index at which the peer was noted: only newer metadata can say that it was taken out since. */
  notedAt(peer: PeerId): number;
  /** Resolves when all of them are noted durably. They are in `peers` when this returns. */
  add(peers: readonly PeerId[], metadataIndex: number): Promise<void>;
  /**
   * The newest metadata index under which a replica began to follow this node. A restart may know less
   * metadata for a while; until it knows as much, it must not lead, or it would leave that replica out.
   */
  readonly ledAt: number;
  /** Resolves when `ledAt` is at least this, durably. */
  leadsAt(metadataIndex: number): Promise<void>;
  /** They are out of `peers` when this returns. A crash may bring them back: that costs a needless recovery. */
  remove(peers: readonly PeerId[]): Promise<void>;
}

const format = 1;

interface Note {
  readonly peer: PeerId;
  readonly metadataIndex: number;
}

/** Where the notes are kept. */
export interface NoteFile {
  read(): Promise<string | null>;
  replace(text: string): Promise<void>;
}

/** `path`: failed_replicas.json beside the shard's log. */
export function noteFile(path: string): NoteFile {
  return {
    read: () => readIfThere(path),
    replace: (text) => replaceFile(path, text),
  };
}

export class DurableMissedWritesLedger implements MissedWritesLedger {
  readonly #file: NoteFile;
  readonly #peers: Set<PeerId>;
  readonly #notedAt: Map<PeerId, number>;
  #ledAt: number;
  #version = 0;
  /** The version that is on disk. */
  #written = 0;
  #writing: Promise<void> | null = null;

  private constructor(file: NoteFile, { ledAt, missed: notes }: Notes) {
    this.#file = file;
    this.#ledAt = ledAt;
    this.#peers = new Set(notes.map(({ peer }) => peer));
    this.#notedAt = new Map(notes.map(({ peer, metadataIndex }) => [peer, metadataIndex]));
  }

  /** Rejects when the notes that are there cannot be read: a replica that serves without them may be stale. */
  static async open(file: NoteFile): Promise<DurableMissedWritesLedger> {
    const text = await file.read();
    return new DurableMissedWritesLedger(file, text === null ? { ledAt: 0, missed: [] } : decodeNotes(text));
  }

  get peers(): ReadonlySet<PeerId> {
    return this.#peers;
  }

  get version(): number {
    return this.#version;
  }

  notedAt(peer: PeerId): number {
    return this.#notedAt.get(peer) ?? 0;
  }

  add(peers: readonly PeerId[], metadataIndex: number): Promise<void> {
    for (const peer of peers) {
      if (this.#peers.has(peer)) continue;
      this.#peers.add(peer);
      this.#notedAt.set(peer, metadataIndex);
      this.#version += 1;
    }
    return this.#durable();
  }

  get ledAt(): number {
    return this.#ledAt;
  }

  leadsAt(metadataIndex: number): Promise<void> {
    if (metadataIndex > this.#ledAt) {
      this.#ledAt = metadataIndex;
      this.#version += 1;
    }
    return this.#durable();
  }

  remove(peers: readonly PeerId[]): Promise<void> {
    for (const peer of peers) {
      if (!this.#peers.delete(peer)) continue;
      this.#notedAt.delete(peer);
      this.#version += 1;
    }
    return this.#durable();
  }

  /** One file write for all changes that come while another is under way. */
  async #durable(): Promise<void> {
    const version = this.#version;
    while (this.#written < version) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const version = this.#version;
    const notes: readonly Note[] = Array.from(this.#notedAt, ([peer, metadataIndex]) => ({ peer, metadataIndex }));
    await this.#file.replace(`${JSON.stringify({ format, ledAt: this.#ledAt, missed: notes })}\n`);
    this.#written = version;
  }
}

interface Notes {
  readonly ledAt: number;
  readonly missed: readonly Note[];
}

export class MissedWritesFormatError extends Error {
  override readonly name = 'MissedWritesFormatError';
}

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false;
  const note: { readonly peer?: unknown; readonly metadataIndex?: unknown } = value;
  return isPeerId(note.peer) && Number.isSafeInteger(note.metadataIndex);
}

function decodeNotes(text: string): Notes {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MissedWritesFormatError('The notes about replicas that missed writes are not JSON');
  }
  const file: { readonly format?: unknown; readonly ledAt?: unknown; readonly missed?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  if (file.format !== format) {
    throw new MissedWritesFormatError(
      `The notes about replicas that missed writes have format ${String(file.format)}, and this version reads format ${format}`,
    );
  }
  if (!Array.isArray(file.missed) || !file.missed.every(isNote)) {
    throw new MissedWritesFormatError('The notes about replicas that missed writes do not name peers');
  }
  if (typeof file.ledAt !== 'number' || !Number.isSafeInteger(file.ledAt)) {
    throw new MissedWritesFormatError('The notes about replicas that missed writes have no index of their leader');
  }
  return { ledAt: file.ledAt, missed: file.missed };
}
