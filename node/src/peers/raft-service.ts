/** The receiving end of what consensus sends. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { snapshotPieceBytes, type RaftReceiver } from '../consensus/raft-transport.js';
import type { PeerId } from '../metadata/peer-id.js';
import { RaftFormatError, decodeRaftBatch } from './raft-messages.js';
import {
  decodeAddPeer,
  decodeProposal,
  decodeReached,
  decodeSnapshotPiece,
  encodeAddPeerAnswer,
  encodeProposeAnswer,
} from './raft-requests.js';

type MessagesCall = ServerDuplexStream<Buffer, Buffer>;

const nothing = new Uint8Array(0);

export class RaftService {
  readonly #receiver: RaftReceiver;
  readonly #checkMember: (from: PeerId) => void;
  readonly #refuse: (call: MessagesCall, error: unknown) => void;
  readonly #streams = new Set<MessagesCall>();

  constructor(
    receiver: RaftReceiver,
    checkMember: (from: PeerId) => void,
    refuse: (call: MessagesCall, error: unknown) => void,
  ) {
    this.#receiver = receiver;
    this.#checkMember = checkMember;
    this.#refuse = refuse;
  }

  serveMessages(call: MessagesCall, from: PeerId): void {
    this.#streams.add(call);
    call.once('close', () => this.#streams.delete(call));
    call.on('end', () => call.end());
    let refused = false;
    call.on('data', (bytes: Buffer) => {
      if (refused) return;
      try {
        this.#checkMember(from);
        this.#receiver.onMessages(from, decodeRaftBatch(from, bytes));
      } catch (error) {
        refused = true;
        this.#refuse(call, error);
      }
    });
  }

  async snapshotPiece(from: PeerId, request: Buffer): Promise<Uint8Array> {
    const piece = decodeSnapshotPiece(request);
    if (piece.data.length > snapshotPieceBytes) {
      throw new RaftFormatError(
        `A piece of a snapshot has ${piece.data.length} bytes, more than ${snapshotPieceBytes}`,
      );
    }
    await this.#receiver.onSnapshotPiece(from, piece);
    return nothing;
  }

  async propose(from: PeerId, request: Buffer): Promise<Uint8Array> {
    return encodeProposeAnswer(await this.#receiver.onPropose(from, decodeProposal(request)));
  }

  async reached(_from: PeerId, request: Buffer): Promise<Uint8Array> {
    const { index, timeoutMs } = decodeReached(request);
    await this.#receiver.onReached(index, timeoutMs);
    return nothing;
  }

  async addPeer(_from: PeerId, request: Buffer): Promise<Uint8Array> {
    return encodeAddPeerAnswer(await this.#receiver.onAddPeer(decodeAddPeer(request)));
  }

  /** Ends the streams; messages that come after are lost, as any may be. */
  stop(): void {
    for (const call of this.#streams) call.end();
  }
}
