/** Reads that must see everything that was agreed on before they began. */
import { ServiceError } from '../errors.js';
import type { Raft } from '../raft/raft.js';

interface Read {
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
  /** What Raft knows it by; null while no leader takes it. */
  context: number | null;
}

export class ReadBarrier {
  readonly #reads = new Set<Read>();
  #lastContext = 0;

  wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#reads.delete(read);
        reject(new ServiceError('timeout', `No leader confirmed within ${timeoutMs} ms that this node is up to date`));
      }, timeoutMs);
      const read: Read = { resolve, timer, context: null };
      this.#reads.add(read);
    });
  }

  /** Asks for what was not asked for, or was asked in vain. */
  ask(raft: Pick<Raft, 'readIndex'>): void {
    for (const read of this.#reads) {
      if (read.context !== null) continue;
      const context = (this.#lastContext += 1);
      if (raft.readIndex(context).kind !== 'accepted') return;
      read.context = context;
    }
  }

  take(confirmed: readonly number[], aborted: readonly number[]): void {
    for (const read of this.#reads) {
      if (read.context === null) continue;
      if (aborted.includes(read.context)) read.context = null;
      else if (confirmed.includes(read.context)) {
        this.#reads.delete(read);
        clearTimeout(read.timer);
        read.resolve();
      }
    }
  }

  /** Another life of Raft knows nothing of what its predecessor was asked. */
  askAgain(): void {
    for (const read of this.#reads) read.context = null;
  }
}
