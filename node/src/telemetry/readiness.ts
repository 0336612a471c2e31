/** Whether this node should be sent requests: the answer of readyz and of the gRPC health service. */
export class Readiness {
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  get ready(): boolean {
    return this.#state === 'ready';
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
