/** `RaftTransport` over the channels to the peers. */
import type {
  AddPeerAnswer,
  AddPeerRequest,
  ProposeAnswer,
  RaftTransport,
  SendFailures,
  SnapshotPiece,
} from '../consensus/raft-transport.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { Message } from '../raft/message.js';
import { PeerUnreachable } from '../replica/remote-replicas.js';
import { ConnectError } from './connect-error.js';
import { RaftDefinition } from './generated/p2p/raft.js';
import type { PeerCalls } from './peer-calls.js';
import type { PeerChannel } from './peer-channel.js';
import type { PeerChannels } from './peer-channels.js';
import type { BatchedMessage } from './raft-messages.js';
import {
  decodeAddPeerAnswer,
  decodeProposeAnswer,
  encodeAddPeer,
  encodeProposal,
  encodeReached,
  encodeSnapshotPiece,
} from './raft-requests.js';
import { RaftSender, type RaftSenderOptions } from './raft-sender.js';
import { methodPath } from '../grpc/raw-service-definition.js';
import { PeerRejection } from './rejection.js';

const { methods } = RaftDefinition;
const paths = {
  snapshotPiece: methodPath(RaftDefinition, methods.snapshotPiece),
  propose: methodPath(RaftDefinition, methods.propose),
  reached: methodPath(RaftDefinition, methods.reached),
  addPeer: methodPath(RaftDefinition, methods.addPeer),
};

export class PeerRaftTransport implements RaftTransport {
  readonly #channels: PeerChannels;
  readonly #calls: PeerCalls;
  readonly #senderOptions: RaftSenderOptions;
  readonly #senders = new WeakMap<PeerChannel, RaftSender>();

  constructor(channels: PeerChannels, calls: PeerCalls, senderOptions: RaftSenderOptions) {
    this.#channels = channels;
    this.#calls = calls;
    this.#senderOptions = senderOptions;
  }

  send(to: PeerId, messages: readonly Message[]): void {
    let channel: PeerChannel;
    try {
      channel = this.#channels.to(to);
    } catch (error) {
      if (error instanceof PeerUnreachable) return;
      throw error;
    }
    this.#sender(channel).send(messages.filter((message): message is BatchedMessage => message.type !== 'snapshot'));
  }

  async sendSnapshotPiece(to: PeerId, piece: SnapshotPiece, timeoutMs: number): Promise<void> {
    await this.#calls.call(to, paths.snapshotPiece, encodeSnapshotPiece(piece), timeoutMs);
  }

  async propose(to: PeerId, entries: readonly Uint8Array[], timeoutMs: number): Promise<ProposeAnswer> {
    return decodeProposeAnswer(await this.#calls.call(to, paths.propose, encodeProposal(entries), timeoutMs));
  }

  async reached(peer: PeerId, index: number, timeoutMs: number): Promise<void> {
    await this.#calls.call(peer, paths.reached, encodeReached(index, timeoutMs), timeoutMs);
  }

  async addPeer(uri: string, request: AddPeerRequest, timeoutMs: number): Promise<AddPeerAnswer> {
    try {
      return decodeAddPeerAnswer(await this.#calls.callAddress(uri, paths.addPeer, encodeAddPeer(request), timeoutMs));
    } catch (error) {
      const rejection = error instanceof ConnectError ? error.cause : null;
      if (rejection instanceof PeerRejection) return { kind: 'refused', message: rejection.message };
      throw error;
    }
  }

  sendFailures(): ReadonlyMap<string, SendFailures> {
    const failures = new Map<string, SendFailures>();
    for (const [uri, { count, latestError, latestErrorAt }] of this.#channels.failures()) {
      failures.set(uri, { count, latestError, latestErrorTimestamp: latestErrorAt.toISOString() });
    }
    return failures;
  }

  #sender(channel: PeerChannel): RaftSender {
    let sender = this.#senders.get(channel);
    if (sender === undefined) {
      sender = new RaftSender(channel, this.#senderOptions);
      this.#senders.set(channel, sender);
    }
    return sender;
  }
}
