/** Snapshots on their way between peers: in pieces, since one message should not be as large as they may be. */
import type { PeerId } from '../metadata/peer-id.js';
import type { SnapshotMessage } from '../raft/message.js';
import type { SnapshotMeta } from '../raft/snapshot.js';
import { decodeState } from './replicated-state.js';
import { snapshotPieceBytes, type SnapshotPiece } from './raft-transport.js';

/** A snapshot that claims to be larger is refused before anything is kept of it. */
const snapshotBytesMax = 1024 * 1024 * 1024;

export function* piecesOf({ term, snapshot: { meta, data } }: SnapshotMessage): Generator<SnapshotPiece> {
  for (let offset = 0; offset === 0 || offset < data.length; offset += snapshotPieceBytes) {
    yield { term, meta, totalBytes: data.length, offset, data: data.subarray(offset, offset + snapshotPieceBytes) };
  }
}

interface Assembly {
  readonly term: number;
  readonly meta: SnapshotMeta;
  readonly totalBytes: number;
  readonly pieces: Uint8Array[];
  receivedBytes: number;
}

/** One snapshot per sender; memory is taken only for bytes that came. */
export class SnapshotAssembler {
  readonly #self: PeerId;
  readonly #assemblies = new Map<PeerId, Assembly>();

  constructor(self: PeerId) {
    this.#self = self;
  }

  /** The whole message with its last piece, else null. Throws when the piece does not follow those before it. */
  take(from: PeerId, piece: SnapshotPiece): SnapshotMessage | null {
    if (piece.totalBytes > snapshotBytesMax) throw new RangeError('the snapshot is too large');
    if (piece.offset === 0) {
      const { term, meta, totalBytes } = piece;
      this.#assemblies.set(from, { term, meta, totalBytes, pieces: [], receivedBytes: 0 });
    }
    const assembly = this.#assemblies.get(from);
    if (assembly === undefined || !follows(assembly, piece)) {
      this.#assemblies.delete(from);
      throw new RangeError('the piece does not follow those before it');
    }
    assembly.pieces.push(piece.data);
    assembly.receivedBytes += piece.data.length;
    if (assembly.receivedBytes < assembly.totalBytes) return null;
    this.#assemblies.delete(from);
    const { term, meta, pieces } = assembly;
    const data = Buffer.concat(pieces);
    // Raft takes it for the truth, so what does not decode is refused while it is still somebody else's.
    if (decodeState(data).metadata.appliedIndex !== meta.index)
      throw new RangeError('the snapshot is of another index');
    return { type: 'snapshot', from, to: this.#self, term, snapshot: { meta, data } };
  }
}

function follows({ term, meta, totalBytes, receivedBytes }: Assembly, piece: SnapshotPiece): boolean {
  return (
    piece.offset === receivedBytes &&
    piece.totalBytes === totalBytes &&
    piece.term === term &&
    piece.meta.index === meta.index &&
    piece.meta.term === meta.term &&
    receivedBytes + piece.data.length <= totalBytes &&
    (piece.data.length > 0 || totalBytes === 0)
  );
}
