/**
 * Writers that send random requests to a real node over REST, each on points of its own and one request
 * after the other, and that know at every moment which points the node may hold.
 */
import { expect } from 'vitest';
import { seededRandom, randomBelow } from '../faults/seeded-random.js';
import { errorText, type RestCaller, type RestReply } from '../harness/rest.js';
import { afterStep, type Points, type Step } from './point-model.js';
import { RandomSteps } from './random-steps.js';
import { requestOf } from './step-request.js';

/** A request and when it was sent and answered, by the clock of the observer. */
interface Sent {
  readonly steps: readonly Step[];
  readonly sentAt: number;
  /** null: without an answer. */
  answeredAt: number | null;
}

export interface LoadObserver {
  /** What time is: any number that grows. */
  readonly now: () => number;
  /** After each acknowledged request. */
  readonly acknowledged: (count: number) => void;
  /** An answer that is no success: whether the writer sends the same request again. */
  readonly refused: (reply: RestReply) => Promise<'again' | 'end'> | 'again' | 'end';
}

export class Writer {
  readonly #steps: RandomSteps;
  /** The points that are acknowledged, then those after each step of a request without an answer. */
  #candidates: Points[] = [new Map()];
  readonly #history: Sent[] = [];

  constructor(index: number, seed: number) {
    this.#steps = new RandomSteps(index, seededRandom(seed * 7919 + index));
  }

  get candidates(): readonly Points[] {
    return this.#candidates;
  }

  /** After a restart: what was found goes on from here. */
  settle(found: Points): void {
    this.#candidates = [found];
  }

  /** The candidates as they were at a moment of the only run, by the observer's clock. */
  candidatesAt(moment: number): readonly Points[] {
    let states: Points[] = [new Map()];
    for (const { steps, sentAt, answeredAt } of this.#history) {
      if (sentAt > moment) break;
      for (const step of steps) states.push(afterStep(states.at(-1) ?? new Map(), step));
      if (answeredAt !== null && answeredAt <= moment) states = states.slice(-1);
    }
    return states;
  }

  /** Sends until told to stop, or until the connection or the node refuses. */
  async run(call: RestCaller, path: string, load: MixedLoad, observer: LoadObserver): Promise<void> {
    while (!load.stopping) {
      const before = this.#candidates[0] ?? new Map();
      const steps = this.#steps.next(before);
      const sent: Sent = { steps, sentAt: observer.now(), answeredAt: null };
      this.#history.push(sent);
      const states: Points[] = [before];
      for (const step of steps) states.push(afterStep(states.at(-1) ?? before, step));
      this.#candidates = states;
      const wait = randomBelow(this.#steps.random, 2) === 0;
      if (!(await this.#send(call, `${path}/points`, steps, wait, observer))) return;
      sent.answeredAt = observer.now();
      this.#candidates = [states.at(-1) ?? before];
      observer.acknowledged(load.countAcknowledged());
    }
  }

  async #send(
    call: RestCaller,
    path: string,
    steps: readonly Step[],
    wait: boolean,
    observer: LoadObserver,
  ): Promise<boolean> {
    const { method, path: route, body } = requestOf(steps);
    for (;;) {
      let reply: RestReply;
      try {
        reply = await call(method, `${path}${route}?wait=${wait}`, body);
      } catch {
        return false;
      }
      if (reply.status === 200) return true;
      if ((await observer.refused(reply)) === 'end') return false;
    }
  }
}

export class MixedLoad {
  readonly writers: readonly Writer[];
  readonly path: string;
  #acknowledged = 0;
  #stopping = false;

  constructor(collection: string, seed: number, writers = 4) {
    this.path = `/collections/${collection}`;
    this.writers = Array.from({ length: writers }, (_, index) => new Writer(index, seed));
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Acknowledged requests of all runs. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Each writer finishes the request that is under way. */
  stop(): void {
    this.#stopping = true;
  }

  /** The states that each writer's points may have now. */
  get candidates(): readonly (readonly Points[])[] {
    return this.writers.map((writer) => writer.candidates);
  }

  candidatesAt(moment: number): readonly (readonly Points[])[] {
    return this.writers.map((writer) => writer.candidatesAt(moment));
  }

  /** What was found after a restart, by writer. */
  settle(found: readonly Points[]): void {
    for (const [index, points] of found.entries()) this.writers[index]?.settle(points);
  }

  countAcknowledged(): number {
    this.#acknowledged += 1;
    return this.#acknowledged;
  }

  /** Resolves when every writer has ended. A refusal fails the test unless the observer says otherwise. */
  async run(call: RestCaller, observer: Partial<LoadObserver> = {}): Promise<void> {
    this.#stopping = false;
    const whole: LoadObserver = {
      now: () => performance.now(),
      acknowledged: () => undefined,
      refused: (reply) => {
        // A node that dies may still get an answer out; anything else is a defect.
        expect([reply.status, errorText(reply)]).toEqual([503, expect.anything()]);
        return 'end';
      },
      ...observer,
    };
    await Promise.all(this.writers.map((writer) => writer.run(call, this.path, this, whole)));
  }
}
