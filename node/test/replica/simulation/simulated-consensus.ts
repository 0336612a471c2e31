/** Consensus as the peers of a simulation see it: one log, that each of them gets to know in its own time. */
import type { Consensus } from '../../../src/consensus/consensus.js';
import { ServiceError } from '../../../src/errors.js';
import { apply } from '../../../src/metadata/apply.js';
import type { Applied, MetadataOperation } from '../../../src/metadata/metadata-operation.js';
import type { MetadataState } from '../../../src/metadata/metadata-state.js';
import type { PeerId } from '../../../src/metadata/peer-id.js';
import { randomBelow } from '../../faults/seeded-random.js';
import type { VirtualTime } from './virtual-time.js';

/** What was agreed on, in order. */
export class AgreedLog {
  readonly states: MetadataState[];
  readonly results: (Applied | null)[] = [null];
  readonly #onCommit: (state: MetadataState, operation: MetadataOperation) => void;

  constructor(first: MetadataState, onCommit: (state: MetadataState, operation: MetadataOperation) => void) {
    this.states = [first];
    this.#onCommit = onCommit;
  }

  get newest(): MetadataState {
    const state = this.states.at(-1);
    if (state === undefined) throw new Error('there is a first state');
    return state;
  }

  /** The position of the entry. */
  commit(operation: MetadataOperation): number {
    const { state, applied } = apply(this.newest, operation);
    this.states.push(state);
    this.results.push(applied);
    this.#onCommit(state, operation);
    return this.states.length - 1;
  }
}

interface World {
  readonly time: VirtualTime;
  readonly log: AgreedLog;
  /** Whether this peer can talk to a majority now. */
  readonly hasQuorum: (peer: PeerId) => boolean;
}

const pollMs = 40;

export class SimulatedConsensus implements Consensus {
  readonly self: PeerId;
  readonly #world: World;
  readonly #listeners = new Set<(state: MetadataState) => void>();
  readonly #waiting = new Set<() => void>();
  #position: number;
  #scheduled = false;
  #ended = false;

  /** `position`: how much of the log the peer knew durably when it started. */
  constructor(self: PeerId, world: World, position: number) {
    this.self = self;
    this.#world = world;
    this.#position = position;
    this.poke();
  }

  get position(): number {
    return this.#position;
  }

  get state(): MetadataState {
    const state = this.#world.log.states[this.#position];
    if (state === undefined) throw new Error('a position has a state');
    return state;
  }

  /** The process is gone: nothing is told or answered any more. */
  end(): void {
    this.#ended = true;
    this.#listeners.clear();
    this.#waiting.clear();
  }

  /** Something was agreed on: the peer will know of it in a while. */
  poke(): void {
    const { time, log } = this.#world;
    if (this.#ended || this.#scheduled || this.#position >= log.states.length - 1) return;
    this.#scheduled = true;
    time.after(time.random() < 0.1 ? time.between(20, 250) : time.between(1, 10), () => this.#advance());
  }

  async propose(operation: MetadataOperation, options: { readonly timeoutMs?: number } = {}): Promise<Applied> {
    const { time, log, hasQuorum } = this.#world;
    const deadlineMs = time.now() + (options.timeoutMs ?? 1_000);
    while (!hasQuorum(this.self)) {
      if (time.now() >= deadlineMs) throw new ServiceError('internal', 'There is no leader');
      await time.pause(pollMs);
      if (this.#ended) return forever();
    }
    await time.pause(time.between(1, 15));
    if (this.#ended && time.random() < 0.5) return forever();
    const position = log.commit(operation);
    const told = time.random() >= 0.03;
    await this.#until(() => told && this.#position >= position, deadlineMs - time.now());
    const applied = log.results[position] ?? null;
    if (applied === null || !told || this.#position < position) throw new ServiceError('internal', 'No answer in time');
    return applied;
  }

  subscribe(listener: (state: MetadataState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async reached(index: number, timeoutMs: number): Promise<void> {
    await this.#until(() => this.state.appliedIndex >= index, timeoutMs);
    if (this.state.appliedIndex < index) throw new ServiceError('timeout', 'Metadata is late');
  }

  #advance(): void {
    const { time, log, hasQuorum } = this.#world;
    this.#scheduled = false;
    if (this.#ended) return;
    if (!hasQuorum(this.self)) {
      this.#scheduled = true;
      time.after(pollMs, () => this.#advance());
      return;
    }
    const behind = log.states.length - 1 - this.#position;
    // Who is far behind may get a snapshot, and never sees what was between.
    const jump = behind > 6 && time.random() < 0.2 ? 1 + randomBelow(time.random, behind) : 1;
    this.#position += Math.min(jump, behind);
    for (const listener of [...this.#listeners]) listener(this.state);
    for (const check of [...this.#waiting]) check();
    this.poke();
  }

  #until(met: () => boolean, timeoutMs: number): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!met()) return;
        takeBack();
        this.#waiting.delete(check);
        resolve();
      };
      const takeBack = this.#world.time.after(timeoutMs, () => {
        this.#waiting.delete(check);
        if (!this.#ended) resolve();
      });
      this.#waiting.add(check);
    });
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
