import type { NativeShard } from '../engine/addon.js';
import { engineErrorCode } from '../engine/engine-error.js';
import type { ShardPolicy } from './shard-policy.js';

type Pace = Pick<ShardPolicy, 'scrubPassMs' | 'scrubBytesPerSecondMin' | 'scrubPauseMs'>;

/** What the engine reads at least: see storage.md, "Rows". */
const blockBytes = 256 * 1024;

/** The longest that a timer can wait; a longer delay would be none. */
const longestDelayMs = 2 ** 31 - 1;

export interface ScrubStep {
  readonly maxBytes: number;
  readonly bytesPerMs: number;
}

/** The next piece of a pass over `totalBytes` of rows. */
export function scrubStep(totalBytes: number, pace: Pace): ScrubStep {
  const bytesPerMs = Math.max(pace.scrubBytesPerSecondMin / 1000, totalBytes / pace.scrubPassMs);
  const blocks = Math.max(1, Math.floor((bytesPerMs * pace.scrubPauseMs) / blockBytes));
  return { maxBytes: blocks * blockBytes, bytesPerMs };
}

/**
 * Has the rows of a shard read again, slowly, for as long as it is open. It holds a timer from the first
 * checkpoint that has a complete block of rows on; a shard without one costs nothing.
 */
export class RowScrub {
  readonly #native: Pick<NativeShard, 'scrub' | 'blockBytes'>;
  readonly #pace: Pace;
  readonly #report: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #passStartedAtMs: number | null = null;
  #stopped = false;

  constructor(native: Pick<NativeShard, 'scrub' | 'blockBytes'>, pace: Pace, report: (error: unknown) => void) {
    this.#native = native;
    this.#pace = pace;
    this.#report = report;
  }

  /** To be called when the shard is open and after every checkpoint. */
  wake(): void {
    if (this.#stopped || this.#running || this.#timer !== null) return;
    const totalBytes = this.#native.blockBytes();
    if (totalBytes === 0) return;
    const { maxBytes, bytesPerMs } = scrubStep(totalBytes, this.#pace);
    this.#arm(maxBytes / bytesPerMs);
  }

  /** Nothing starts afterwards; the engine's close waits for what it reads. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#readPiece();
      },
      Math.min(longestDelayMs, delayMs),
    );
    this.#timer.unref();
  }

  async #readPiece(): Promise<void> {
    this.#running = true;
    try {
      this.#passStartedAtMs ??= performance.now();
      const { maxBytes, bytesPerMs } = scrubStep(this.#native.blockBytes(), this.#pace);
      const { scanned, finished } = await this.#native.scrub(maxBytes);
      this.#running = false;
      // After a vacuum that left less than a block, the next checkpoint with one goes on.
      if (scanned > 0) this.#arm(finished ? this.#restMs(scanned / bytesPerMs) : scanned / bytesPerMs);
      if (finished) this.#passStartedAtMs = null;
    } catch (error) {
      this.#running = false;
      const code = engineErrorCode(error);
      if (this.#stopped || code === 'CLOSED') return;
      this.#report(error);
      // What is damaged stays so. Anything else, too many open files say, kept the disk from being asked.
      if (code !== 'CORRUPT') this.#arm(this.#pace.scrubPassMs);
    }
  }

  #restMs(leastMs: number): number {
    const startedAtMs = this.#passStartedAtMs ?? performance.now();
    return Math.max(leastMs, startedAtMs + this.#pace.scrubPassMs - performance.now());
  }
}
