/** Whether this node should be sent requests: the answer of readyz and of the gRPC health service. */
export class Readiness {
  readonly #able: () => boolean;
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  /** `able` is asked anew each time; a node that has caught up is still not ready while it says no. */
  constructor(able: () => boolean = () => true) {
    this.#able = able;
  }

  get ready(): boolean {
    return this.#state === 'ready' && this.#able();
  }

  get stopping(): boolean {
    return this.#state === 'stopping';
  }

  becomeReady(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  /** For good: a node that began to stop never becomes ready again. */
  becomeStopping(): void {
    this.#state = 'stopping';
  }
}
