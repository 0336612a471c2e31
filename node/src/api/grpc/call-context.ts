/** What every call knows beside its request. */
import { ServiceError } from '../../errors.js';
import type { Access } from '../../service/access.js';

export class CallContext {
  readonly access: Access;
  /** The metadata x-qdrant-route-affinity. */
  readonly routeAffinity: string | null;
  readonly #startedMs = performance.now();
  readonly #deadlineEpochMs: number;

  /** `deadline` is that of the call: Infinity when the client set none. */
  constructor(access: Access, deadline: Date | number, routeAffinity: string | null = null) {
    this.access = access;
    this.routeAffinity = routeAffinity;
    this.#deadlineEpochMs = typeof deadline === 'number' ? deadline : deadline.getTime();
  }

  /** The `time` of every answer. */
  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** A request's timeout is in seconds and at least 1; a call whose deadline is over is not begun. */
  checkTimeout(requestedSec: bigint | undefined): void {
    if (requestedSec === 0n)
      throw new ServiceError('validation', 'Validation error: [timeout: value 0 invalid, must be 1 or larger]');
    if (this.#leftMs() <= 0) throw new ServiceError('timeout', 'The deadline of the call is over');
  }

  /** How long a read may take: the request's timeout or what is left until the deadline, if that is less. */
  readTimeoutMs(requestedSec: bigint | undefined): number | null {
    this.checkTimeout(requestedSec);
    const limitMs = Math.min(requestedSec === undefined ? Infinity : Number(requestedSec) * 1000, this.#leftMs());
    return Number.isFinite(limitMs) ? limitMs : null;
  }

  /** How long a change of the metadata may take; null: the default. */
  changeTimeoutMs(requestedSec: bigint | undefined): number | null {
    return this.readTimeoutMs(requestedSec);
  }

  /**
   * How long a write may wait to be applied. The deadline does not shorten it: a write that is in the
   * log is applied in any case, and there is nothing to undo when its caller has left.
   */
  writeTimeoutMs(requestedSec: bigint | undefined): number | null {
    this.checkTimeout(requestedSec);
    return requestedSec === undefined ? null : Number(requestedSec) * 1000;
  }

  #leftMs(): number {
    return this.#deadlineEpochMs - Date.now();
  }
}
