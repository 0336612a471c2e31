/** Writes of a shard that this node leads: placed in one order, sent to all replicas, answered when they have it. */
import { engineErrorCode } from '../engine/engine-error.js';
import { toServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import { withClockTag } from '../shard/clock-tag.js';
import type { WriteResult } from '../shard/write-result.js';
import type { Appended, WriteSection } from '../shard/write-section.js';
import { filledOperation } from './filled-operation.js';
import { LedShard } from './led-shard.js';
import { Leadership, LeadershipLost, type FollowerAnswer, type LeadershipContext } from './leadership.js';
import { consistencyNotGuaranteed, isTransient, notEnoughActiveReplicas } from './replica-errors.js';
import { ReplicaRefused, type Refusal, type ShardWrite, type ShardWriteOptions } from './remote-replicas.js';
import type { ReplicatedShard } from './replicated-shard.js';
import { hasEveryWrite, takesWrites, updateLeaderOf, type ShardView } from './shard-view.js';
import { leftOutByDirectLeader, verdictOf } from './write-plan.js';

export interface WriteLeaderContext extends Omit<LeadershipContext, 'options'> {
  readonly shard: number;
  readonly limits: { readonly agreeTimeoutMs: number } & LeadershipContext['options'];
  readonly local: () => ReplicatedShard | null;
  readonly hasMissed: () => boolean;
  readonly until: (met: () => boolean, timeoutMs: number) => Promise<boolean>;
}

interface Placed {
  readonly own: Appended;
  readonly answers: readonly Promise<FollowerAnswer>[];
}

export class WriteLeader {
  readonly #context: WriteLeaderContext;
  #leadership: Leadership | null = null;
  /** The shard that the term was begun with: another one, opened since, begins another. */
  #leading: ReplicatedShard | null = null;

  constructor(context: WriteLeaderContext) {
    this.#context = context;
  }

  get leads(): boolean {
    return this.#leadership !== null && !this.#leadership.lost;
  }

  noteView(view: ShardView): void {
    this.#leadership?.noteView(view);
  }

  end(): void {
    this.#leadership?.end();
  }

  /** The only replica is here: the shard's own order is all that there is. */
  writeAlone(local: ReplicatedShard, write: ShardWrite, { wait }: ShardWriteOptions): Promise<WriteResult> {
    switch (write.kind) {
      case 'operation':
        return local.write(write.operation, { wait });
      case 'filtered':
        return local.writeResolved(write.filter, (ids) => filledOperation(write.operation, ids), { wait });
    }
  }

  led(): LedShard | null {
    const { self, view, hasMissed } = this.#context;
    const local = this.#context.local();
    if (local === null || hasMissed() || this.#isBehind() || updateLeaderOf(view()) !== self) return null;
    return new LedShard(this.#term(local, false), {
      remote: this.#context.remote,
      digestTimeoutMs: this.#context.limits.followTimeoutMs,
      local: () => local,
      target: () => this.#context.target(),
    });
  }

  /** Throws ReplicaRefused when this node does not lead, or not any more: nothing was acknowledged then. */
  async lead(write: ShardWrite, options: ShardWriteOptions, direct: boolean): Promise<WriteResult> {
    const { self, view, hasMissed } = this.#context;
    const local = this.#context.local();
    if (local === null) throw this.#refused({ kind: 'not-open' }, 'has not opened the shard');
    if (hasMissed()) throw this.#refused({ kind: 'missed-writes' }, 'has missed writes');
    if (this.#isBehind()) throw this.#refused({ kind: 'behind' }, 'does not know the metadata yet that it led by');
    const leads = direct ? hasEveryWrite(view(), self) : updateLeaderOf(view()) === self;
    if (!leads) throw this.#refused({ kind: 'not-leader' }, 'does not lead the shard');
    try {
      if (direct) await this.#noteLeftOut();
      const leadership = this.#term(local, direct);
      const placed = await local.inSequence((section) => this.#place(leadership, section, write, options.wait));
      return await this.#answer(leadership, placed, options);
    } catch (error) {
      if (error instanceof LeadershipLost)
        throw this.#refused({ kind: 'not-leader' }, 'does not lead the shard any more');
      throw error;
    }
  }

  /** Since a restart, the metadata has not come back to where this node led by it. */
  #isBehind(): boolean {
    return this.#context.view().index < this.#context.ledger.ledAt;
  }

  /** What keeps a direct leader from following a higher one, or being refused by itself, is durable before it begins. */
  async #noteLeftOut(): Promise<void> {
    const { self, ledger, view } = this.#context;
    const leftOut = leftOutByDirectLeader(view(), self).filter((peer) => !ledger.peers.has(peer));
    if (leftOut.length === 0) return;
    await ledger.add(leftOut, view().index);
    this.#context.missed();
  }

  #term(local: ReplicatedShard, direct: boolean): Leadership {
    const current = this.#leadership;
    if (current !== null && !current.lost && current.direct === direct && this.#leading === local) return current;
    current?.end();
    const { self, limits } = this.#context;
    const begun = new Leadership({ ...this.#context, options: limits }, local.newestTick(self), direct);
    this.#leadership = begun;
    this.#leading = local;
    return begun;
  }

  async #place(leadership: Leadership, section: WriteSection, write: ShardWrite, wait: boolean): Promise<Placed> {
    const operation = await this.#resolved(section, write);
    const bytes = operation.byteLength;
    await section.room(bytes);
    if (!leadership.prepared(bytes)) await leadership.prepare(bytes);
    // From the check to the last send nothing else runs: the order here is the order everywhere.
    leadership.check();
    this.#checkEnoughFollow(leadership);
    const stamped = withClockTag(operation, leadership.nextTag());
    const own = this.#append(leadership, section, stamped);
    return { own, answers: leadership.send(stamped, wait) };
  }

  /** A write that cannot succeed leaves no traces. */
  #checkEnoughFollow(leadership: Leadership): void {
    const { self, shard, view } = this.#context;
    if (verdictOf(view(), 1 + leadership.followers).kind === 'too-few') throw notEnoughActiveReplicas(shard, self);
  }

  async #resolved(section: WriteSection, write: ShardWrite): Promise<Uint8Array> {
    switch (write.kind) {
      case 'operation':
        return write.operation;
      case 'filtered': {
        const reader = await section.caughtUp();
        return filledOperation(write.operation, await reader.resolve(write.filter));
      }
    }
  }

  #append(leadership: Leadership, section: WriteSection, operation: Uint8Array): Appended {
    try {
      return section.append(operation);
    } catch (error) {
      this.#noteOwnFailure(leadership, error);
      throw error;
    }
  }

  async #answer(leadership: Leadership, placed: Placed, options: ShardWriteOptions): Promise<WriteResult> {
    const [own, ...answers] = await Promise.all([
      placed.own.answer({ wait: options.wait }).then(
        (result) => ({ result }) as const,
        (error: unknown) => ({ error }) as const,
      ),
      ...placed.answers,
    ]);
    if ('error' in own) {
      // What follows from the operation alone is the same everywhere; else the others have what is lacking here.
      if (isTransient(toServiceError(own.error))) this.#noteOwnFailure(leadership, own.error);
      throw own.error;
    }
    // Who leads now may not have it; asking again costs a second place for it, not its loss.
    leadership.check();
    const failures = answers.filter((answer) => answer.kind === 'missed');
    leadership.leaveOut(failures.map(({ peer }) => peer));
    await leadership.settled();
    leadership.check();
    this.#checkSuccesses(answers, failures[0]?.error);
    if (options.wait) await this.#agreed(leadership, options.timeoutMs);
    return own.result;
  }

  /** Those that took it and were not left out since; the one here is one of them. */
  #checkSuccesses(answers: readonly FollowerAnswer[], firstError: unknown): void {
    const { self, shard, ledger, view } = this.#context;
    const taken = answers.filter(({ kind, peer }) => kind === 'taken' && !ledger.peers.has(peer));
    const verdict = verdictOf(view(), 1 + taken.length);
    if (verdict.kind === 'success') return;
    throw firstError === undefined ? notEnoughActiveReplicas(shard, self) : toServiceError(firstError);
  }

  /** Holds the answer until the metadata says of everybody who missed something that it did. */
  async #agreed(leadership: Leadership, timeoutMs: number | null): Promise<void> {
    const { ledger, view, limits } = this.#context;
    const missing = (): readonly PeerId[] => [...ledger.peers].filter((peer) => takesWrites(view(), peer));
    if (missing().length === 0) return;
    const limitMs = Math.min(limits.agreeTimeoutMs, timeoutMs ?? limits.agreeTimeoutMs);
    await this.#context.until(() => leadership.lost || missing().length === 0, limitMs);
    leadership.check();
    if (missing().length > 0) throw consistencyNotGuaranteed(missing());
  }

  /**
   * The others may have what this replica lacks. The next term compares them with it; when the files here
   * cannot be written any more, another replica has to lead.
   */
  #noteOwnFailure(leadership: Leadership, error: unknown): void {
    leadership.end();
    const code = engineErrorCode(error);
    if (code === 'IO' || code === 'CORRUPT') this.#context.selfMissed();
  }

  #refused(refusal: Refusal, reason: string): ReplicaRefused {
    const { self, view } = this.#context;
    return new ReplicaRefused(view().index, refusal, `Peer ${self} ${reason}`);
  }
}
