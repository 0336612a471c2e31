/** Work that goes on beside a test until it is told to stop; what it failed with is told at the end. */
export class Background {
  readonly #work: Promise<void>;
  #stopped = false;
  #rounds = 0;

  constructor(step: (round: number) => Promise<void>) {
    this.#work = this.#run(step);
    // The failure is passed on by `stop`; until then nobody waits for it.
    this.#work.catch(() => undefined);
  }

  get rounds(): number {
    return this.#rounds;
  }

  /** Rejects with the first error of a step; resolves to how many steps were done. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#work;
    return this.#rounds;
  }

  async #run(step: (round: number) => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await step(this.#rounds);
      this.#rounds += 1;
    }
  }
}
