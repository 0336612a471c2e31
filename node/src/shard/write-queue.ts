/**
 * Room for operations that are logged and not yet applied. Writers wait in order of arrival, so that
 * a large one is not passed by small ones for ever.
 */
export class WriteQueue {
  readonly #operationsMax: number;
  readonly #bytesMax: number;
  readonly #waiting: { readonly bytes: number; readonly admit: () => void; readonly refuse: (error: Error) => void }[] =
    [];
  #operations = 0;
  #bytes = 0;
  #closed: Error | null = null;

  constructor(operationsMax: number, bytesMax: number) {
    this.#operationsMax = operationsMax;
    this.#bytesMax = bytesMax;
  }

  get operations(): number {
    return this.#operations;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when there is room; an operation larger than the bound gets in alone. */
  async enter(bytes: number): Promise<void> {
    if (this.#closed !== null) throw this.#closed;
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#take(bytes);
      return;
    }
    await new Promise<void>((admit, refuse) => {
      this.#waiting.push({ bytes, admit, refuse });
    });
  }

  leave(bytes: number): void {
    this.#operations -= 1;
    this.#bytes -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(next.bytes);
      next.admit();
    }
  }

  /** Refuses all who wait, and all who come. */
  close(error: Error): void {
    this.#closed = error;
    for (const { refuse } of this.#waiting.splice(0)) refuse(error);
  }

  #fits(bytes: number): boolean {
    if (this.#operations === 0) return true;
    return this.#operations < this.#operationsMax && this.#bytes + bytes <= this.#bytesMax;
  }

  #take(bytes: number): void {
    this.#operations += 1;
    this.#bytes += bytes;
  }
}
