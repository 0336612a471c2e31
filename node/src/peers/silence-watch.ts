/**
 * Notices a peer that says nothing while answers are waited for: its machine is cut off, or its process stands
 * still. The pings of a connection take up to ten seconds for that, and writes would wait as long. A peer that is
 * only busy with what was asked answers a hello meanwhile.
 */
import type { PeerConnection } from './peer-connection.js';

/** After this long without an answer the peer is asked whether it is there ... */
const silenceMs = 1_000;

/** ... and has this long to say so. */
const patienceMs = 1_500;

export class SilenceWatch {
  readonly #connection: Pick<PeerConnection, 'sayHello' | 'abandon' | 'ended'>;
  readonly #isAwaited: () => boolean;
  #timer: NodeJS.Timeout | null = null;
  #heardAtMs = 0;

  /** `isAwaited`: whether any answer is waited for. */
  constructor(connection: Pick<PeerConnection, 'sayHello' | 'abandon' | 'ended'>, isAwaited: () => boolean) {
    this.#connection = connection;
    this.#isAwaited = isAwaited;
  }

  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** Something was sent that wants an answer. */
  begin(): void {
    if (this.#timer !== null) return;
    this.heard();
    this.#arm(silenceMs);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#look(), delayMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const leftMs = this.#heardAtMs + silenceMs - performance.now();
    if (!this.#isAwaited() || this.#connection.ended !== null) this.#timer = null;
    else if (leftMs > 0) this.#arm(leftMs);
    else if (await this.#answers()) this.#arm(silenceMs);
    else {
      this.#timer = null;
      this.#connection.abandon(`It says nothing for ${silenceMs + patienceMs} ms`);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#connection.sayHello(patienceMs);
    } catch {
      // An answer that came beside it counts as well.
      return performance.now() - this.#heardAtMs < patienceMs;
    }
    this.heard();
    return true;
  }
}
