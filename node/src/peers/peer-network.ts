/** Everything between this node and the others: made before consensus, which sends through it, and served after it. */
import { credentials as channelCredentials, ServerCredentials } from '@grpc/grpc-js';
import type { RaftReceiver, RaftTransport } from '../consensus/raft-transport.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { RemoteReplicas, ReplicaHost } from '../replica/remote-replicas.js';
import type { Settings } from '../settings/settings.js';
import type { HelloAnswer } from './generated/p2p/peer.js';
import type { Membership } from './membership.js';
import { P2pServer, type NodeDescription } from './p2p-server.js';
import { defaultPeerPort } from './peer-address.js';
import { PeerCalls } from './peer-calls.js';
import { PeerCertificates } from './peer-certificates.js';
import type { Lookup } from './peer-channel.js';
import { PeerChannels } from './peer-channels.js';
import { PeerRaftTransport } from './peer-raft-transport.js';
import { PeerReplicas } from './peer-replicas.js';
import type { PeerSecrets } from './wire-metadata.js';

export type PeerNetworkSettings = Pick<Settings, 'cluster' | 'service' | 'tls'>;

export interface PeerNetworkOptions {
  readonly self: PeerId;
  readonly settings: PeerNetworkSettings;
  /** What this node tells others of itself. */
  readonly describe: () => NodeDescription;
  /** For tests: in place of the system's resolver. */
  readonly lookup?: Lookup;
}

/** Answers hold what was asked for, which a limit on requests does not bound. */
const messageBytesMin = 128 * 1024 * 1024;

/** A request of a client gets longer on its way between nodes, but not by as much as this. */
function messageBytesMax({ service }: PeerNetworkSettings): number {
  return Math.max(messageBytesMin, 2 * service.max_request_size_mb * 1024 * 1024);
}

function secretsOf({ service }: PeerNetworkSettings): PeerSecrets {
  const full = [service.api_key, service.alt_api_key].filter((key) => key !== null);
  const accepted = full.length > 0 ? full : [service.read_only_api_key].filter((key) => key !== null);
  return { shown: accepted[0] ?? null, accepted };
}

export class PeerNetwork {
  readonly transport: RaftTransport;
  readonly replicas: RemoteReplicas;
  readonly #options: PeerNetworkOptions;
  readonly #membership: LateMembership;
  readonly #secrets: PeerSecrets;
  readonly #certificates: PeerCertificates | null;
  readonly #channels: PeerChannels;
  readonly #calls: PeerCalls;
  #server: P2pServer | null = null;

  /** Throws a `SettingsError` when the certificates of `cluster.p2p.enable_tls` cannot be used. */
  constructor(options: PeerNetworkOptions) {
    const { self, settings, lookup } = options;
    const { cluster, tls } = settings;
    const { consensus } = cluster;
    this.#options = options;
    this.#membership = new LateMembership(self);
    this.#secrets = secretsOf(settings);
    const certificates = cluster.p2p.enable_tls ? new PeerCertificates(tls) : null;
    this.#certificates = certificates;
    this.#channels = new PeerChannels({
      membership: this.#membership,
      secrets: this.#secrets,
      credentials: (host) => certificates?.clientCredentials(host) ?? channelCredentials.createInsecure(),
      connectTimeoutMs: cluster.connection_timeout_ms,
      messageBytesMax: messageBytesMax(settings),
      ...(lookup === undefined ? {} : { lookup }),
    });
    this.#calls = new PeerCalls(this.#channels);
    this.transport = new PeerRaftTransport(this.#channels, this.#calls, {
      messagesMax: consensus.max_message_queue_size,
      ageMaxMs: consensus.message_timeout_ticks * consensus.tick_period_ms,
    });
    this.replicas = new PeerReplicas(this.#channels, cluster.grpc_timeout_ms);
  }

  /** From here on it knows the members, and tells consensus what it sees of them. */
  attach(receiver: RaftReceiver): void {
    this.#membership.receiver = receiver;
    this.#channels.onUnreachable((peer) => receiver.onUnreachable(peer));
    this.#channels.onRejected((peer, { kind }) => {
      if (kind === 'removed') receiver.onRemoved(peer);
    });
  }

  /** Serves other nodes; returns the port. Rejects when it is taken. */
  async listen(receiver: RaftReceiver, replicas: ReplicaHost): Promise<number> {
    const { settings, describe } = this.#options;
    this.#server = await P2pServer.start({
      host: settings.service.host,
      port: settings.cluster.p2p.port ?? defaultPeerPort,
      membership: this.#membership,
      secrets: this.#secrets,
      credentials: this.#certificates?.serverCredentials() ?? ServerCredentials.createInsecure(),
      messageBytesMax: messageBytesMax(settings),
      raft: receiver,
      replicas,
      describe,
    });
    return this.#server.port;
  }

  /** To be called when members or their addresses changed: connections to those that are none any more end. */
  conform(): void {
    this.#channels.conform();
  }

  /** What a peer says of itself now. Rejects with `PeerUnreachable`. */
  async describePeer(peer: PeerId, timeoutMs: number): Promise<NodeDescription> {
    return descriptionOf(await this.#calls.hello(peer, timeoutMs));
  }

  /** Answers what is under way within `graceMs`, then ends every connection. */
  async stop(graceMs: number): Promise<void> {
    await this.#server?.stop(graceMs);
    this.#channels.close();
    this.#certificates?.stop();
  }
}

function descriptionOf({ nodeVersion, uptimeMs, metadataIndex, commitIndex, ready }: HelloAnswer): NodeDescription {
  return { version: nodeVersion, uptimeMs, metadataIndex, commitIndex, ready };
}

/** Consensus is made with a transport, and the transport asks consensus who the peers are: one has to come first. */
class LateMembership implements Membership {
  readonly self: PeerId;
  receiver: RaftReceiver | null = null;

  constructor(self: PeerId) {
    this.self = self;
  }

  get cluster(): number | null {
    return this.receiver?.cluster ?? null;
  }

  addressOf(peer: PeerId): string | null {
    return this.receiver?.addressOf(peer) ?? null;
  }

  isRemoved(peer: PeerId): boolean {
    return this.receiver?.isRemoved(peer) ?? false;
  }
}
