/**
 * One life of Raft with everything that works only for it: what comes from the network goes in, what Raft wants
 * sent goes out. After a failure another life is built from disk.
 */
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { Message } from '../raft/message.js';
import type { Raft } from '../raft/raft.js';
import type { SoftState } from '../raft/ready.js';
import { MemberDuties, type DutyOptions, type Proposer } from './member-duties.js';
import { ProposalDelivery } from './proposal-delivery.js';
import { decodeProposal } from './proposal-entry.js';
import type { Proposals } from './proposals.js';
import { RaftDriver, type DriverEvents, type DriverOptions } from './raft-driver.js';
import type { RaftStorage, StoredRaft } from './raft-storage.js';
import type { ProposeAnswer, RaftTransport, SnapshotPiece } from './raft-transport.js';
import { SnapshotAssembler } from './snapshot-pieces.js';
import { SnapshotSender } from './snapshot-sender.js';

/** How long a leader that stops waits for another to take over. */
const handOverMs = 1_000;

/** More than an election timeout has. */
const ticksToLead = 100;

export interface LifeOptions extends DriverOptions {
  readonly tickPeriodMs: number;
  readonly duties: DutyOptions;
}

export class RaftLife {
  readonly driver: RaftDriver;
  readonly #options: LifeOptions;
  readonly #assembler: SnapshotAssembler;
  #transport: RaftTransport | null = null;
  #delivery: ProposalDelivery | null = null;
  #duties: MemberDuties | null = null;
  #sender: SnapshotSender | null = null;
  #softState: SoftState = { role: 'follower', leader: null, term: 0 };

  constructor(
    storage: RaftStorage,
    stored: StoredRaft,
    options: LifeOptions,
    events: Omit<DriverEvents, 'send' | 'onSoftState'> & { onLeader(): void },
  ) {
    this.#options = options;
    this.#assembler = new SnapshotAssembler(options.self);
    this.driver = new RaftDriver(storage, stored, options, {
      send: (messages) => this.#send(messages),
      onState: (state, proposals, installed) => events.onState(state, proposals, installed),
      onReads: (confirmed, aborted) => events.onReads(confirmed, aborted),
      onFailure: (error) => events.onFailure(error),
      onSoftState: (softState) => {
        const { leader, term } = this.#softState;
        this.#softState = softState;
        if (softState.leader !== leader || softState.term !== term) events.onLeader();
      },
    });
  }

  get raft(): Raft {
    return this.driver.raft;
  }

  get leader(): PeerId | null {
    return this.#softState.leader;
  }

  attach(transport: RaftTransport, proposals: Proposals, proposer: Proposer): void {
    const { self, tickPeriodMs, duties } = this.#options;
    this.#transport = transport;
    this.#delivery = new ProposalDelivery(this.driver, proposals, transport, self, tickPeriodMs);
    this.#duties = new MemberDuties(proposer, this.driver, transport, duties);
    this.#sender = new SnapshotSender(this.driver, transport);
  }

  tick(): void {
    this.raft.tick();
    this.#duties?.tick();
    this.deliver();
    this.driver.wake();
  }

  /** Proposals that no leader has yet. */
  deliver(): void {
    this.#delivery?.deliver(this.#softState);
  }

  /** The state is another. */
  followState(): void {
    this.#duties?.onState();
    this.deliver();
  }

  take(from: PeerId, messages: readonly Message[]): void {
    if (this.driver.ended) return;
    for (const message of messages) if (message.from === from) this.raft.step(message);
    this.driver.wake();
  }

  takeSnapshotPiece(from: PeerId, piece: SnapshotPiece): void {
    const message = this.#assembler.take(from, piece);
    if (message !== null) this.take(from, [message]);
  }

  takeProposals(from: PeerId, entries: readonly Uint8Array[]): ProposeAnswer {
    if (this.driver.ended) return { kind: 'not-leader', leader: null };
    for (const entry of entries) {
      // Once it is in the log, an entry that nobody can apply would stop the whole cluster.
      if (decodeProposal(entry).id.peer !== from) throw new ServiceError('bad-request', 'A proposal of another peer');
    }
    this.driver.wake();
    for (const entry of entries) {
      const outcome = this.raft.propose(entry);
      if (outcome.kind === 'not-leader') return outcome;
      if (outcome.kind !== 'accepted') return { kind: 'busy' };
    }
    return { kind: 'accepted' };
  }

  takeUnreachable(peer: PeerId): void {
    if (this.driver.ended) return;
    this.raft.reportUnreachable(peer);
    this.raft.leaderUnreachable(peer);
    this.driver.wake();
  }

  isMember(peer: PeerId): boolean {
    const { voters, learners } = this.raft.status().confState;
    return voters.includes(peer) || learners.includes(peer);
  }

  isVoter(peer: PeerId): boolean {
    return this.raft.status().confState.voters.includes(peer);
  }

  get isOnlyVoter(): boolean {
    const { voters } = this.raft.status().confState;
    return voters.length === 1 && voters[0] === this.#options.self;
  }

  /** The only voter needs no timeout to find that nobody else leads. */
  leadAlone(): void {
    for (let tick = 0; tick < ticksToLead && this.raft.status().role === 'follower'; tick += 1) this.raft.tick();
    this.driver.pump();
  }

  /** To the voter that has most of the log. Resolves when another leads, or none takes over in time. */
  async handOver(): Promise<void> {
    const { role, confState, progress } = this.raft.status();
    if (this.driver.ended || role !== 'leader') return;
    const heirs = progress.filter(({ peer, recentlyActive }) => recentlyActive && confState.voters.includes(peer));
    const heir = heirs.sort((a, b) => b.match - a.match)[0];
    if (heir === undefined || this.raft.transferLeader(heir.peer).kind !== 'accepted') return;
    this.driver.wake();
    const deadline = performance.now() + handOverMs;
    while (this.raft.status().role === 'leader' && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #send(messages: readonly Message[]): void {
    const byPeer = new Map<PeerId, Message[]>();
    for (const message of messages) {
      if (message.type === 'snapshot') this.#sender?.send(message);
      else if (byPeer.get(message.to)?.push(message) === undefined) byPeer.set(message.to, [message]);
    }
    for (const [peer, list] of byPeer) this.#transport?.send(peer, list);
  }
}
