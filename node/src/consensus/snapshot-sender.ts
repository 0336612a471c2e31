/** Sends Raft's snapshot messages in pieces, one snapshot to a peer at a time. */
import type { PeerId } from '../metadata/peer-id.js';
import type { SnapshotMessage } from '../raft/message.js';
import type { RaftDriver } from './raft-driver.js';
import type { RaftTransport } from './raft-transport.js';
import { piecesOf } from './snapshot-pieces.js';

const pieceTimeoutMs = 10_000;

export class SnapshotSender {
  readonly #driver: RaftDriver;
  readonly #transport: Pick<RaftTransport, 'sendSnapshotPiece'>;
  readonly #underWay = new Set<PeerId>();

  constructor(driver: RaftDriver, transport: Pick<RaftTransport, 'sendSnapshotPiece'>) {
    this.#driver = driver;
    this.#transport = transport;
  }

  send(message: SnapshotMessage): void {
    const { to } = message;
    // The pieces of two snapshots must not mix; Raft asks again when it still needs this one.
    if (this.#underWay.has(to)) return;
    this.#underWay.add(to);
    void this.#deliver(message).then((delivered) => {
      this.#underWay.delete(to);
      if (this.#driver.ended) return;
      this.#driver.raft.reportSnapshot(to, delivered);
      this.#driver.wake();
    });
  }

  async #deliver(message: SnapshotMessage): Promise<boolean> {
    try {
      for (const piece of piecesOf(message)) {
        if (this.#driver.ended) return false;
        await this.#transport.sendSnapshotPiece(message.to, piece, pieceTimeoutMs);
      }
      return true;
    } catch {
      return false;
    }
  }
}
