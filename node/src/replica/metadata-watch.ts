/** The metadata about one shard as it changes, and waiting for it. */
import type { Consensus } from '../consensus/consensus.js';
import type { ReplicaClock } from './replica-clock.js';
import { shardView, type ShardView } from './shard-view.js';

export class MetadataWatch {
  readonly #consensus: Consensus;
  readonly #clock: ReplicaClock;
  readonly #waiting = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #view: ShardView;

  constructor(
    consensus: Consensus,
    collection: { readonly id: number; readonly name: string },
    shard: number,
    clock: ReplicaClock,
    onChange: (view: ShardView) => void,
  ) {
    this.#consensus = consensus;
    this.#clock = clock;
    this.#view = shardView(consensus.state, collection, shard);
    this.#unsubscribe = consensus.subscribe((state) => {
      this.#view = shardView(state, collection, shard);
      onChange(this.#view);
      this.recheck();
    });
  }

  get view(): ShardView {
    return this.#view;
  }

  end(): void {
    this.#unsubscribe();
  }

  /** Looks at what is waited for again, because something besides the metadata changed. */
  recheck(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Whether the metadata came to this index in time. */
  async reached(index: number, timeoutMs: number): Promise<boolean> {
    if (this.#view.index >= index) return true;
    if (timeoutMs <= 0) return false;
    try {
      await this.#consensus.reached(index, timeoutMs);
    } catch {
      return false;
    }
    return this.until(() => this.#view.index >= index, timeoutMs);
  }

  /** Whether the condition, asked again after each change, was met in time. */
  until(met: () => boolean, timeoutMs: number): Promise<boolean> {
    if (met()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        takeBack();
        this.#waiting.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (met()) finish(true);
      };
      const takeBack = this.#clock.after(Math.max(0, timeoutMs), () => finish(met()));
      this.#waiting.add(check);
    });
  }
}
