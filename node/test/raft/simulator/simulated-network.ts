import type { PeerId } from '../../../src/raft/entry.js';
import type { Message } from '../../../src/raft/message.js';
import type { Dice } from './dice.js';
import type { EventQueue } from './event-queue.js';
import type { Plan } from './plan.js';

/** What the network tells and asks of the peers. */
export interface NetworkEnds {
  isRunning(peer: PeerId): boolean;
  deliver(message: Message): void;
  /** The connection between them was refused or reset: `peer` notices it. */
  linkBroke(peer: PeerId, other: PeerId): void;
  snapshotSent(from: PeerId, to: PeerId, delivered: boolean): void;
}

/** Loses, delays, doubles and reorders messages, and has links that work in one direction only. */
export class SimulatedNetwork {
  readonly #events: EventQueue;
  readonly #dice: Dice;
  readonly #plan: Plan;
  readonly #ends: NetworkEnds;
  readonly #blocked = new Set<string>();
  #perfect = false;

  constructor(events: EventQueue, dice: Dice, plan: Plan, ends: NetworkEnds) {
    this.#events = events;
    this.#dice = dice;
    this.#plan = plan;
    this.#ends = ends;
  }

  send(message: Message): void {
    const { from, to } = message;
    if (this.#perfect) {
      this.#arrive(message, 1);
      return;
    }
    const dice = this.#dice;
    if (this.isBlocked(from, to) || dice.chance(this.#plan.loss) || !this.#ends.isRunning(to)) {
      this.#report(message, false);
      return;
    }
    const copies = dice.chance(this.#plan.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#arrive(message, this.#delay());
  }

  #delay(): number {
    const [low, high] = this.#plan.messageDelay;
    if (this.#dice.chance(this.#plan.straggling)) return this.#dice.between(high, 10 * high + 100);
    return this.#dice.between(low, high);
  }

  #arrive(message: Message, delay: number): void {
    this.#events.after(delay, () => {
      const { from, to } = message;
      const arrives = this.#ends.isRunning(to) && !this.isBlocked(from, to);
      if (arrives) this.#ends.deliver(message);
      this.#report(message, arrives);
    });
  }

  #report(message: Message, delivered: boolean): void {
    if (message.type !== 'snapshot') return;
    this.#events.after(5, () => this.#ends.snapshotSent(message.from, message.to, delivered));
  }

  isBlocked(from: PeerId, to: PeerId): boolean {
    return this.#blocked.has(`${from} ${to}`);
  }

  /** Cuts the links from each of `sources` to each of `targets`. */
  block(sources: readonly PeerId[], targets: readonly PeerId[]): void {
    for (const from of sources) {
      for (const to of targets) {
        if (from === to) continue;
        this.#blocked.add(`${from} ${to}`);
        this.breakLink(from, to);
      }
    }
  }

  /** Both ends, or one, or none notice that their connection is gone. */
  breakLink(one: PeerId, other: PeerId): void {
    for (const [peer, gone] of [
      [one, other],
      [other, one],
    ] as const) {
      if (!this.#dice.chance(this.#plan.evidence)) continue;
      this.#events.after(this.#dice.between(0, 3), () => this.#ends.linkBroke(peer, gone));
    }
  }

  heal(): void {
    this.#blocked.clear();
  }

  becomePerfect(): void {
    this.heal();
    this.#perfect = true;
  }
}
