import { readClockTag, type ClockTag } from './clock-tag.js';
import type { ShardReader, WriteOptions, WriteResult } from './write-result.js';
import type { WriteQueue } from './write-queue.js';

/** An operation that has its place in the log. */
export interface Appended {
  readonly sequence: number;
  /** Resolves when it is durable, with `wait` when it is applied. */
  answer(options: WriteOptions): Promise<WriteResult>;
}

/** What can be done while nothing else is appended. It ends with the function that it was made for. */
export interface WriteSection {
  /** Resolves when everything before is applied; what is read then is what the next operation will meet. */
  caughtUp(): Promise<ShardReader>;
  /** Waits for room for one operation of this size. */
  room(bytes: number): Promise<void>;
  /** Appends an operation for which there is room, at once. */
  append(operation: Uint8Array): Appended;
}

interface SectionSteps {
  readonly caughtUp: () => Promise<ShardReader>;
  readonly append: (operation: Uint8Array, tag: ClockTag | null) => Appended;
}

export class OpenWriteSection implements WriteSection {
  readonly #queue: WriteQueue;
  readonly #steps: SectionSteps;
  /** Room that was entered and not used, by size. */
  readonly #unused: number[] = [];

  constructor(queue: WriteQueue, steps: SectionSteps) {
    this.#queue = queue;
    this.#steps = steps;
  }

  caughtUp(): Promise<ShardReader> {
    return this.#steps.caughtUp();
  }

  async room(bytes: number): Promise<void> {
    await this.#queue.enter(bytes);
    this.#unused.push(bytes);
  }

  append(operation: Uint8Array): Appended {
    const held = this.#unused.indexOf(operation.byteLength);
    if (held < 0) throw new Error('an operation was appended for which no room was asked');
    const tag = readClockTag(operation);
    // From here on the room is the operation's: it is given back when the operation is applied or failed.
    this.#unused.splice(held, 1);
    return this.#steps.append(operation, tag);
  }

  /** Gives back what was not used. */
  end(): void {
    for (const bytes of this.#unused.splice(0)) this.#queue.leave(bytes);
  }
}
