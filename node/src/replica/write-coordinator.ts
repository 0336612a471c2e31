/** Brings a client's write to the shard's update leader, whoever that is by the time it gets there. */
import type { Consensus } from '../consensus/consensus.js';
import { ServiceError } from '../errors.js';
import type { Applied } from '../metadata/metadata-operation.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaState } from '../metadata/replica-state.js';
import type { WriteResult } from '../shard/write-result.js';
import type { MissedWritesLedger } from './missed-writes-ledger.js';
import { pause, type ReplicaClock } from './replica-clock.js';
import { leaderAway, noActiveReplica, strongLeaderAway, writeTimedOut } from './replica-errors.js';
import {
  PeerUnreachable,
  ReplicaRefused,
  type ForwardOptions,
  type RemoteReplicas,
  type ShardTarget,
  type ShardWrite,
  type ShardWriteOptions,
} from './remote-replicas.js';
import { updateLeaderOf, type ShardView } from './shard-view.js';
import type { WriteLeader } from './write-leader.js';
import { afterRefusedForward, nextWriteStep, type WriteStep } from './write-plan.js';

export interface WriteCoordinatorContext {
  readonly self: PeerId;
  readonly collection: number;
  readonly shard: number;
  readonly metadata: Pick<Consensus, 'propose'>;
  readonly remote: RemoteReplicas;
  readonly ledger: MissedWritesLedger;
  readonly clock: ReplicaClock;
  readonly random: () => number;
  readonly limits: { readonly writeTimeoutMs: number; readonly proposeTimeoutMs: number };
  readonly view: () => ShardView;
  readonly target: () => ShardTarget;
  readonly reached: (index: number, timeoutMs: number) => Promise<boolean>;
  readonly hasMissed: () => boolean;
}

const retryPauseMs = 40;

/** A leader whose shard is not open for this long, or who is not reached, is replaced. */
const leaderPatienceMs = 3_000;

/** How long nobody is asked again whether there is a quorum. */
const quorumDoubtMs = 2_000;

interface Attempt {
  readonly options: ShardWriteOptions;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly away: Set<PeerId>;
  /** A connection may have been about to break: a leader is asked twice before it counts as away. */
  readonly doubted: Set<PeerId>;
  readonly notBelow: PeerId | null;
  quorum: boolean;
  lastError: unknown;
}

export class WriteCoordinator {
  readonly #context: WriteCoordinatorContext;
  readonly #leader: WriteLeader;
  #noQuorumUntilMs = -Infinity;
  /** The proposal under way to depose a leader: writes that need the same share it. */
  #deposing: { readonly leader: PeerId; readonly done: Promise<Applied | null> } | null = null;

  constructor(context: WriteCoordinatorContext, leader: WriteLeader) {
    this.#context = context;
    this.#leader = leader;
  }

  /** A coordinator handed the write over. Unless directly, this node leads it or refuses. */
  async lead(write: ShardWrite, options: ForwardOptions): Promise<WriteResult> {
    if (options.direct) return this.#run(write, options, this.#context.self);
    return this.#leader.lead(write, options, false);
  }

  write(write: ShardWrite, options: ShardWriteOptions): Promise<WriteResult> {
    return this.#run(write, options, null);
  }

  async #run(write: ShardWrite, options: ShardWriteOptions, notBelow: PeerId | null): Promise<WriteResult> {
    const { clock, limits, self, shard, ledger } = this.#context;
    const startedMs = clock.now();
    const attempt: Attempt = {
      options,
      startedMs,
      deadlineMs: startedMs + (options.timeoutMs ?? limits.writeTimeoutMs),
      away: new Set(),
      doubted: new Set(),
      notBelow,
      // A direct write is a fallback that need not wait; the others can only hope that the quorum is back.
      quorum: options.ordering !== 'weak' || startedMs >= this.#noQuorumUntilMs,
      lastError: undefined,
    };
    for (;;) {
      if (clock.now() >= attempt.deadlineMs) throw writeTimedOut(shard);
      const step = nextWriteStep({
        view: this.#context.view(),
        self,
        ordering: options.ordering,
        selfMissed: this.#context.hasMissed(),
        away: new Set([...attempt.away, ...ledger.peers]),
        quorum: attempt.quorum,
        notBelow,
      });
      if (step.kind === 'fail') throw this.#failure(step.reason, attempt);
      if (step.kind === 'depose') await this.#depose(step.leader, step.state, attempt);
      else {
        const result = await this.#try(step, write, attempt);
        if (result !== null) return result;
      }
    }
  }

  /** null: not here, and `attempt` says why. */
  async #try(
    step: Extract<WriteStep, { readonly kind: 'lead' | 'forward' }>,
    write: ShardWrite,
    attempt: Attempt,
  ): Promise<WriteResult | null> {
    const { self, remote, clock, target } = this.#context;
    const { wait, ordering } = attempt.options;
    const options = { wait, ordering, timeoutMs: Math.max(1, attempt.deadlineMs - clock.now()) };
    const peer = step.kind === 'lead' ? self : step.to;
    try {
      if (step.kind === 'lead') return await this.#leader.lead(write, options, step.direct);
      return await remote.forward(peer, target(), write, { ...options, direct: step.direct });
    } catch (error) {
      attempt.lastError = error;
      if (error instanceof PeerUnreachable) await this.#unreachable(peer, attempt);
      else if (error instanceof ReplicaRefused) await this.#refused(peer, error, attempt);
      else throw error;
      return null;
    }
  }

  async #unreachable(peer: PeerId, attempt: Attempt): Promise<void> {
    if (attempt.doubted.has(peer)) attempt.away.add(peer);
    else {
      attempt.doubted.add(peer);
      await this.#pause(attempt);
    }
  }

  async #refused(peer: PeerId, { refusal, metadataIndex }: ReplicaRefused, attempt: Attempt): Promise<void> {
    const { view, reached, clock } = this.#context;
    switch (afterRefusedForward(refusal)) {
      case 'away':
        // Whoever was away already is asked again for want of another: not without a pause.
        if (attempt.away.has(peer)) await this.#pause(attempt);
        attempt.away.add(peer);
        return;
      case 'again':
        if (metadataIndex > view().index) await reached(metadataIndex, attempt.deadlineMs - clock.now());
        else await this.#pause(attempt);
        return;
      case 'later':
        if (clock.now() - attempt.startedMs > leaderPatienceMs) attempt.away.add(peer);
        else await this.#pause(attempt);
    }
  }

  #pause({ deadlineMs }: Attempt): Promise<void> {
    const { clock, random } = this.#context;
    return pause(clock, Math.min(retryPauseMs * (0.5 + random()), Math.max(0, deadlineMs - clock.now())));
  }

  async #depose(leader: PeerId, state: ReplicaState, attempt: Attempt): Promise<void> {
    const { clock } = this.#context;
    if (this.#deposing?.leader !== leader) {
      const done = this.#propose(leader, state).finally(() => {
        this.#deposing = null;
      });
      this.#deposing = { leader, done };
    }
    const applied = await this.#deposing.done;
    if (applied === null) {
      attempt.quorum = false;
      this.#noQuorumUntilMs = clock.now() + quorumDoubtMs;
    } else if (applied.rejection?.reason === 'last-source-of-truth') throw this.#failure('nobody-left', attempt);
  }

  /** What was decided, or null when nobody can decide. */
  async #propose(peer: PeerId, from: ReplicaState): Promise<Applied | null> {
    const { metadata, collection, shard, limits } = this.#context;
    try {
      const what = { kind: 'set-replica-state', collection, shard, peer, state: 'Dead' } as const;
      const operation = { ...what, from, seen: this.#context.view().index };
      return await metadata.propose(operation, { timeoutMs: limits.proposeTimeoutMs });
    } catch (error) {
      if (error instanceof ServiceError) return null;
      throw error;
    }
  }

  #failure(reason: Extract<WriteStep, { readonly kind: 'fail' }>['reason'], attempt: Attempt): Error {
    const { self, shard, view } = this.#context;
    const leader = updateLeaderOf(view());
    switch (reason) {
      case 'no-active-replica':
        return noActiveReplica(shard, self);
      case 'strong-leader-away':
        return strongLeaderAway(shard, view().replicas.at(-1)?.peer ?? self);
      case 'no-quorum':
      case 'nobody-left':
        return leader === null ? noActiveReplica(shard, self) : leaderAway(shard, leader, attempt.lastError);
    }
  }
}
