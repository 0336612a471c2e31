/** Single calls to peers, for what is asked seldom. */
import type { PeerId } from '../metadata/peer-id.js';
import { ConnectError } from './connect-error.js';
import { HelloRequest, PeersDefinition, type HelloAnswer } from './generated/p2p/peer.js';
import { resolveHost } from './peer-channel.js';
import type { PeerChannels } from './peer-channels.js';
import { parsePeerUri } from './peer-address.js';
import { decodeHello, PeerConnection } from './peer-connection.js';
import { methodPath } from '../grpc/raw-service-definition.js';

const helloPath = methodPath(PeersDefinition, PeersDefinition.methods.hello);

export class PeerCalls {
  readonly #channels: PeerChannels;

  constructor(channels: PeerChannels) {
    this.#channels = channels;
  }

  /** Rejects with `PeerUnreachable`. */
  async call(peer: PeerId, path: string, message: Uint8Array, timeoutMs: number): Promise<Buffer> {
    const startedMs = performance.now();
    const channel = this.#channels.to(peer);
    const connection = await channel.connect();
    try {
      const answer = await connection.call(path, message, Math.max(1, timeoutMs - (performance.now() - startedMs)));
      channel.noteSuccess();
      return answer;
    } catch (error) {
      if (error instanceof ConnectError && isFailedSend(error)) channel.noteFailure(error);
      throw channel.unreachable(error);
    }
  }

  /** To whoever listens at an address, over a connection of its own. Rejects with `ConnectError` or `PeerAddressError`. */
  async callAddress(uri: string, path: string, message: Uint8Array, timeoutMs: number): Promise<Buffer> {
    const startedMs = performance.now();
    const leftMs = (): number => Math.max(1, timeoutMs - (performance.now() - startedMs));
    const connection = await this.#connectTo(uri, leftMs());
    try {
      return await connection.call(path, message, leftMs());
    } finally {
      connection.close();
    }
  }

  /** What a peer says of itself now. Rejects with `PeerUnreachable`. */
  async hello(peer: PeerId, timeoutMs: number): Promise<HelloAnswer> {
    return decodeHello(await this.call(peer, helloPath, HelloRequest.encode({}).finish(), timeoutMs));
  }

  async #connectTo(uri: string, timeoutMs: number): Promise<PeerConnection> {
    const { lookup, connectTimeoutMs, metadata, credentials, messageBytesMax } = this.#channels.connectionOptions;
    const address = parsePeerUri(uri);
    const waitMs = Math.min(timeoutMs, connectTimeoutMs);
    let latest = new ConnectError('unknown-host', `The name ${address.host} has no address`);
    for (const ip of await resolveHost(lookup, address.host, waitMs)) {
      try {
        return await PeerConnection.open({
          address,
          ip,
          expected: null,
          metadata: metadata(null),
          credentials: credentials(address.host),
          messageBytesMax,
          timeoutMs: waitMs,
        });
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        latest = error;
      }
    }
    throw latest;
  }
}

/** A host that answers with an error was reached. */
function isFailedSend({ failure }: ConnectError): boolean {
  return failure === 'lost' || failure === 'rejected';
}
