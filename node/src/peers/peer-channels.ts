/** The channels to all peers of the cluster, each at the address that the cluster knows of it. */
import { lookup as resolveName } from 'node:dns/promises';
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { PeerId } from '../metadata/peer-id.js';
import { PeerUnreachable } from '../replica/remote-replicas.js';
import type { Membership } from './membership.js';
import { PeerChannel, type Lookup, type PeerChannelOptions, type SendFailures } from './peer-channel.js';
import type { PeerRejection } from './rejection.js';
import { callMetadata, type PeerSecrets } from './wire-metadata.js';

export interface PeerChannelsOptions {
  readonly membership: Membership;
  /** Asked for each connection: certificates are renewed while the node runs. */
  readonly credentials: (host: string) => ChannelCredentials;
  readonly secrets: PeerSecrets;
  readonly connectTimeoutMs: number;
  readonly messageBytesMax: number;
  /** The system's, unless a test has its own. */
  readonly lookup?: Lookup;
}

/** The names of a system's resolver: asked anew each time, without a cache of our own. */
const systemLookup: Lookup = async (host) => {
  const found = await resolveName(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

export class PeerChannels {
  readonly #membership: Membership;
  readonly #channelOptions: PeerChannelOptions;
  readonly #channels = new Map<PeerId, PeerChannel>();
  readonly #unreachableListeners = new Set<(peer: PeerId) => void>();
  readonly #rejectedListeners = new Set<(peer: PeerId, rejection: PeerRejection) => void>();
  #closed = false;

  constructor({ membership, secrets, lookup, ...rest }: PeerChannelsOptions) {
    this.#membership = membership;
    this.#channelOptions = {
      ...rest,
      metadata: (receiver) => callMetadata(membership, receiver, secrets),
      lookup: lookup ?? systemLookup,
      onUnreachable: (peer) => this.#unreachableListeners.forEach((listener) => listener(peer)),
      onRejected: (peer, rejection) => this.#rejectedListeners.forEach((listener) => listener(peer, rejection)),
    };
  }

  /** How connections are made, for calls to an address whose peer is not known yet. */
  get connectionOptions(): PeerChannelOptions {
    return this.#channelOptions;
  }

  /**
   * Told at once when a connection to a peer is refused, or one that stood is reset: evidence that its process is
   * gone, which a slow network does not give. Returns what ends it.
   */
  onUnreachable(listener: (peer: PeerId) => void): () => void {
    this.#unreachableListeners.add(listener);
    return () => this.#unreachableListeners.delete(listener);
  }

  /** Told when a peer takes nothing from this node, because it was removed for example. Returns what ends it. */
  onRejected(listener: (peer: PeerId, rejection: PeerRejection) => void): () => void {
    this.#rejectedListeners.add(listener);
    return () => this.#rejectedListeners.delete(listener);
  }

  /** The way to a peer, at the address that the cluster knows now. Throws `PeerUnreachable` for who has none. */
  to(peer: PeerId): PeerChannel {
    const uri = this.#closed || peer === this.#membership.self ? null : this.#membership.addressOf(peer);
    const channel = this.#channels.get(peer);
    if (uri === null) {
      channel?.close();
      this.#channels.delete(peer);
      throw new PeerUnreachable(peer, `Peer ${peer} has no address that this node knows`);
    }
    if (channel !== undefined) {
      channel.updateUri(uri);
      return channel;
    }
    const added = new PeerChannel(peer, uri, this.#channelOptions);
    this.#channels.set(peer, added);
    return added;
  }

  /** Ends connections to addresses that are no member's any more; to be called when members or addresses changed. */
  conform(): void {
    for (const [peer, channel] of this.#channels) {
      const uri = this.#membership.addressOf(peer);
      if (uri !== null) {
        channel.updateUri(uri);
        continue;
      }
      channel.close();
      this.#channels.delete(peer);
    }
  }

  /** By URI: failures since the last success. */
  failures(): ReadonlyMap<string, SendFailures> {
    const failures = new Map<string, SendFailures>();
    for (const channel of this.#channels.values()) {
      if (channel.failures !== null) failures.set(channel.uri, channel.failures);
    }
    return failures;
  }

  close(): void {
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
