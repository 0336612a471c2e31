/**
 * Repeats one piece of work, never twice at a time. Calls that come before a pass has begun share it, so
 * however often the metadata changes, at most one pass waits behind the one that runs.
 */
export class ReconcileLane {
  readonly #pass: () => Promise<void>;
  readonly #retryMs: number;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  /** A pass that failed is made again after `retryMs`, although its callers were told of the failure. */
  constructor(pass: () => Promise<void>, retryMs: number) {
    this.#pass = pass;
    this.#retryMs = retryMs;
  }

  get idle(): boolean {
    return this.#waiting === null && this.#retry === null;
  }

  /** Resolves when a pass has ended that began after this call; rejects with why it failed. */
  run(): Promise<void> {
    if (this.#waiting !== null) return this.#waiting;
    const pass = this.#tail.then(async () => {
      this.#waiting = null;
      if (!this.#stopped) await this.#pass();
    });
    this.#waiting = pass;
    this.#tail = pass.catch(() => this.retrySoon());
    return pass;
  }

  retrySoon(): void {
    if (this.#stopped || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.run().catch(() => undefined);
    }, this.#retryMs);
    this.#retry.unref();
  }

  /** Begins nothing more, and waits for the pass that runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    await this.#tail;
  }
}
