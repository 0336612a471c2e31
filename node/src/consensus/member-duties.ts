/** What a peer keeps an eye on: that the members are those of the metadata, and that its own address is. */
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { rejectionText } from '../metadata/rejection.js';
import { nextMembershipStep } from './membership.js';
import type { RaftDriver } from './raft-driver.js';
import type { RaftTransport } from './raft-transport.js';

export interface Proposer {
  readonly self: PeerId;
  readonly state: MetadataState;
  addressOf(peer: PeerId): string | null;
  propose(operation: MetadataOperation): Promise<Applied>;
}

export interface DutyOptions {
  readonly uri: string;
  readonly version: string;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;
}

/** Ticks before what could not be announced is tried again. */
const announceAgainTicks = 50;

const announceTimeoutMs = 5_000;

export class MemberDuties {
  readonly #consensus: Proposer;
  readonly #driver: RaftDriver;
  readonly #transport: Pick<RaftTransport, 'addPeer'>;
  readonly #options: DutyOptions;
  #ticksToAnnounce = 0;

  constructor(
    consensus: Proposer,
    driver: RaftDriver,
    transport: Pick<RaftTransport, 'addPeer'>,
    options: DutyOptions,
  ) {
    this.#consensus = consensus;
    this.#driver = driver;
    this.#transport = transport;
    this.#options = options;
  }

  tick(): void {
    this.#ticksToAnnounce = Math.max(0, this.#ticksToAnnounce - 1);
    this.onState();
  }

  onState(): void {
    this.#followPeers();
    this.#announce();
  }

  #followPeers(): void {
    const { raft } = this.#driver;
    if (this.#driver.ended || raft.status().role !== 'leader') return;
    const step = nextMembershipStep(this.#consensus.state, raft.status());
    if (step === null) return;
    if (raft.proposeConfChange({ ...step, context: new Uint8Array() }).kind === 'accepted') this.#driver.wake();
  }

  /** A node that comes back under another address, or with another version, tells the others. */
  #announce(): void {
    const { uri, version, report } = this.#options;
    const { self, state } = this.#consensus;
    const known = state.peers.get(self);
    if (known === undefined || (known.uri === uri && known.version === version) || this.#ticksToAnnounce > 0) return;
    this.#ticksToAnnounce = announceAgainTicks;
    if (known.uri !== uri) {
      for (const peer of state.peers.keys()) if (peer !== self) void this.#announceTo(peer);
    }
    if (this.#driver.raft.status().leader === null) return;
    this.#consensus.propose({ kind: 'update-peer', peer: self, uri, version }).then(
      ({ rejection }) => {
        if (rejection !== null) report('warn', `This node's address is not taken: ${rejectionText(rejection)}`);
      },
      (error: unknown) => report('warn', "This node's address could not be announced", error),
    );
  }

  /** Each by itself: whoever leads cannot reach this node yet, so this node does not know who leads. */
  async #announceTo(peer: PeerId): Promise<void> {
    const address = this.#consensus.addressOf(peer);
    if (address === null) return;
    try {
      await this.#transport.addPeer(address, { peer: this.#consensus.self, uri: this.#options.uri }, announceTimeoutMs);
    } catch {
      // It is asked again as long as the metadata has another address.
    }
  }
}
