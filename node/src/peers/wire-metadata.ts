/** What travels beside the messages: who calls whom with each call, and why a call was turned away. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import type { PeerId } from '../metadata/peer-id.js';
import { Header, Rejection } from './generated/p2p/peer.js';
import type { Membership } from './membership.js';
import { isRejectionKind, PeerRejection } from './rejection.js';

/** Of everything under proto/p2p. A change that an older node would misread needs a new one. */
const formatVersion = 1;

const headerKey = 'vdb-header-bin';
const secretKey = 'vdb-secret-bin';
const rejectionKey = 'vdb-rejection-bin';

/**
 * What the nodes of a cluster share when it asks its clients for keys: without it, whoever reaches the port between
 * nodes would need none. A digest of the key is sent, so that it cannot be used as a key.
 */
export interface PeerSecrets {
  /** Shown to other nodes; null: nothing is shown. */
  readonly shown: string | null;
  /** Any of these lets a node in; empty: every node is let in. */
  readonly accepted: readonly string[];
}

export const noSecrets: PeerSecrets = { shown: null, accepted: [] };

function secretDigest(secret: string): Buffer {
  return createHmac('sha256', secret).update('vdb.p2p').digest();
}

/** The header of every call to one peer; `receiver` null: whoever answers at an address. */
export function callMetadata(membership: Membership, receiver: PeerId | null, secrets: PeerSecrets): Metadata {
  const header = Header.encode({
    version: formatVersion,
    sender: membership.self,
    receiver: receiver ?? 0,
    cluster: membership.cluster ?? 0,
  });
  const metadata = new Metadata();
  metadata.set(headerKey, Buffer.from(header.finish()));
  if (secrets.shown !== null) metadata.set(secretKey, secretDigest(secrets.shown));
  return metadata;
}

function binaryEntry(metadata: Metadata, key: string): Buffer | null {
  const [value] = metadata.get(key);
  return Buffer.isBuffer(value) ? value : null;
}

function readHeader(metadata: Metadata): Header {
  const bytes = binaryEntry(metadata, headerKey);
  if (bytes === null) throw new PeerRejection('malformed', 'The call does not say which peer it comes from');
  try {
    return Header.decode(bytes);
  } catch {
    throw new PeerRejection('malformed', 'The header of the call does not decode');
  }
}

/** Decides once for a receiver who is let in; a sender that is not is told by a `PeerRejection`. */
export class Admission {
  readonly #membership: Membership;
  readonly #accepted: readonly Buffer[];

  constructor(membership: Membership, secrets: PeerSecrets) {
    this.#membership = membership;
    this.#accepted = secrets.accepted.map(secretDigest);
  }

  /** The sender of a call. */
  admit(metadata: Metadata): PeerId {
    this.#checkSecret(metadata);
    const { version, sender, receiver, cluster } = readHeader(metadata);
    const { self } = this.#membership;
    if (version !== formatVersion) {
      const known = `this node knows version ${formatVersion}`;
      throw new PeerRejection('unknown-version', `Messages of version ${version} are not known: ${known}`);
    }
    if (sender < 1) throw new PeerRejection('malformed', 'The call does not say which peer it comes from');
    if (receiver !== 0 && receiver !== self) {
      throw new PeerRejection('wrong-peer', `This is peer ${self}, not ${receiver}`);
    }
    if (sender === self) {
      throw new PeerRejection('same-peer', `This node has peer id ${self} too: each needs a storage of its own`);
    }
    const own = this.#membership.cluster;
    if (own !== null && cluster !== 0 && cluster !== own) {
      throw new PeerRejection('other-cluster', `Peer ${sender} belongs to another cluster than this node`);
    }
    this.checkMember(sender);
    return sender;
  }

  /** Again for each message of a stream: a peer may be removed while it is open. */
  checkMember(sender: PeerId): void {
    if (!this.#membership.isRemoved(sender)) return;
    throw new PeerRejection('removed', `Peer ${sender} was removed from the cluster`);
  }

  #checkSecret(metadata: Metadata): void {
    if (this.#accepted.length === 0) return;
    const shown = binaryEntry(metadata, secretKey);
    const known = this.#accepted.map((secret) => shown?.length === secret.length && timingSafeEqual(shown, secret));
    if (known.includes(true)) return;
    throw new PeerRejection('no-secret', 'The node shows no API key of this cluster: all nodes need the same api_key');
  }
}

export function rejectionMetadata({ kind, message }: PeerRejection): Metadata {
  const metadata = new Metadata();
  metadata.set(rejectionKey, Buffer.from(Rejection.encode({ kind, message }).finish()));
  return metadata;
}

/** The rejection in the trailers of a call that failed, or null. */
export function rejectionIn(metadata: Metadata): PeerRejection | null {
  const bytes = binaryEntry(metadata, rejectionKey);
  if (bytes === null) return null;
  try {
    const { kind, message } = Rejection.decode(bytes);
    return isRejectionKind(kind) ? new PeerRejection(kind, message) : null;
  } catch {
    return null;
  }
}
