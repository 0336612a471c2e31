/**
 * Drives one transfer to its end: copies the shard, then proposes it finished, or aborted. It begins from the
 * first range whenever it is begun; nothing of it is kept but the transfer in the metadata.
 */
import { updatablePeers, shardView } from '../replica/shard-view.js';
import { RangeNotTaken, type LedShard } from '../replica/led-shard.js';
import { LeadershipLost } from '../replica/leadership.js';
import type { PeerId } from '../metadata/peer-id.js';
import { awaitReplica, type AwaitReplicaOptions } from './await-replica.js';
import { copyShard } from './copy-shard.js';
import { isDriven, type DrivenTransfer } from './driven-transfers.js';
import { PatientSource, TargetLost } from './patient-source.js';
import { settleMetadata } from './settle-metadata.js';
import { pauseOrEnded } from './task-end.js';
import type { TransferContext } from './transfer-options.js';

export interface TransferProgress {
  /** Points that are on the target, or were found there. */
  readonly done: number;
  readonly total: number;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class TransferTask {
  readonly #driven: DrivenTransfer;
  readonly #context: TransferContext;
  readonly #stop = new AbortController();
  #done = 0;
  #total = 0;
  #copied = false;

  constructor(driven: DrivenTransfer, context: TransferContext) {
    this.#driven = driven;
    this.#context = context;
  }

  get progress(): TransferProgress {
    // Points that were written since the beginning are counted when they are met.
    return { done: this.#done, total: Math.max(this.#done, this.#total) };
  }

  /** Whether the target held everything when this node proposed the transfer finished. */
  get copied(): boolean {
    return this.#copied;
  }

  end(): void {
    this.#stop.abort();
  }

  /** Resolves when there is nothing left to do: the transfer is over, or another peer leads the shard. */
  async run(): Promise<void> {
    let failures = 0;
    while (this.#wanted()) {
      try {
        const led = this.#led();
        if (led !== null && (await this.#drive(led))) return;
      } catch (error) {
        if (!this.#wanted()) return;
        if (!(error instanceof LeadershipLost)) failures += 1;
        const givenUp = error instanceof TargetLost || error instanceof RangeNotTaken;
        if (givenUp || failures >= this.#context.limits.failuresMax) {
          await this.#abort(reasonOf(error));
          return;
        }
        if (!(error instanceof LeadershipLost)) this.#report('failed', reasonOf(error));
      }
      await this.#pause();
    }
  }

  #wanted(): boolean {
    const { self, state } = this.#context.consensus;
    return !this.#stop.signal.aborted && isDriven(state, self, this.#driven);
  }

  #led(): LedShard | null {
    const { collection, transfer } = this.#driven;
    return this.#context.shards.led(collection, transfer.shard);
  }

  /** Whether it came to an end. */
  async #drive(led: LedShard): Promise<boolean> {
    const { transfer, collection, name } = this.#driven;
    const { clock, limits, shards, onEvent } = this.#context;
    const { to, shard } = transfer;
    const awaiting = this.#awaiting();
    await this.#awaitReplicas(awaiting);
    await led.prepare();
    this.#checkFollows(led);
    const startedMs = clock.now();
    this.#copied = false;
    this.#done = 0;
    this.#total = shards.points(collection, shard);
    const source = new PatientSource(led, awaiting);
    const counts = await copyShard(source, {
      peer: to,
      signal: this.#stop.signal,
      limits: limits.ranges,
      rangesAtOnce: limits.rangesAtOnce,
      uncompared: this.#total > 10 * limits.fewPoints && (await source.holdsAtMost(to, limits.fewPoints)),
      onProgress: (points) => (this.#done += points),
    });
    const tookMs = clock.now() - startedMs;
    onEvent({ kind: 'copied', collection: name, shard, to, points: this.#done, ...counts, tookMs });
    this.#checkFollows(led);
    this.#copied = true;
    return this.#finish(led);
  }

  #awaiting(): AwaitReplicaOptions {
    const { remote, clock, limits, consensus } = this.#context;
    const { collection, transfer } = this.#driven;
    return {
      remote,
      clock,
      signal: this.#stop.signal,
      target: () => ({ collection, shard: transfer.shard, metadataIndex: consensus.state.appliedIndex }),
      unreachableMs: limits.unreachableMs,
      openingMs: limits.openingMs,
    };
  }

  /**
   * The copy takes its place among the writes, and so leaves out whoever cannot be reached, as a write does. A
   * replica that only starts again gets some time for it first.
   */
  async #awaitReplicas(awaiting: AwaitReplicaOptions): Promise<void> {
    const { collection: id, name, transfer } = this.#driven;
    const { consensus, limits } = this.#context;
    const others = updatablePeers(shardView(consensus.state, { id, name }, transfer.shard)).filter(
      (peer) => peer !== consensus.self && peer !== transfer.to,
    );
    const awaitOther = (peer: PeerId) => awaitReplica(peer, { ...awaiting, openingMs: limits.unreachableMs });
    const [target] = await Promise.all([awaitReplica(transfer.to, awaiting), ...others.map(awaitOther)]);
    if (target.kind === 'away') throw new TargetLost(`peer ${transfer.to} cannot be reached: ${target.reason}`);
  }

  #checkFollows(led: LedShard): void {
    if (!led.current) throw new LeadershipLost();
    const { to } = this.#driven.transfer;
    if (!led.follows(to)) throw new TargetLost(`peer ${to} missed a write`);
  }

  /** A target that misses a write while there is nobody to agree with must not become Active. */
  async #finish(led: LedShard): Promise<boolean> {
    const { collection, transfer } = this.#driven;
    const operation = { kind: 'finish-transfer', collection, transfer: transfer.id } as const;
    const wanted = (): boolean => this.#wanted() && led.follows(transfer.to);
    await settleMetadata(this.#context, this.#stop.signal, operation, wanted);
    if (!this.#wanted()) return true;
    this.#checkFollows(led);
    return false;
  }

  async #abort(reason: string): Promise<void> {
    this.#report('given-up', reason);
    const { collection, transfer } = this.#driven;
    const operation = { kind: 'abort-transfer', collection, transfer: transfer.id, reason } as const;
    await settleMetadata(this.#context, this.#stop.signal, operation, () => this.#wanted());
  }

  #pause(): Promise<void> {
    return pauseOrEnded(this.#context.clock, this.#stop.signal, this.#context.limits.retryMs);
  }

  #report(kind: 'given-up' | 'failed', reason: string): void {
    const { name, transfer } = this.#driven;
    this.#context.onEvent({ kind, collection: name, shard: transfer.shard, to: transfer.to, reason });
  }
}
