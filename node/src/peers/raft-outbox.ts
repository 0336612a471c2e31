/** Messages of Raft that wait to be sent to one peer. Pure: the time is passed in. */
import { raftMessageBytes, type BatchedMessage } from './raft-messages.js';

interface Queued {
  readonly message: BatchedMessage;
  readonly atMs: number;
}

/** What is lost with the least harm, because it is said again soon. */
const dropOrder: readonly (readonly BatchedMessage['type'][])[] = [
  ['heartbeat', 'heartbeat-response'],
  ['append', 'append-response'],
];

export class RaftOutbox {
  readonly #messagesMax: number;
  readonly #ageMaxMs: number;
  #queue: Queued[] = [];
  #dropped = 0;

  /** Messages older than `ageMaxMs` are not worth sending any more. */
  constructor(messagesMax: number, ageMaxMs: number) {
    this.#messagesMax = messagesMax;
    this.#ageMaxMs = ageMaxMs;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** How many were given up since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Makes room, when there is none, at the cost of the oldest heartbeats, then appends, then of anything. */
  push(messages: readonly BatchedMessage[], nowMs: number): void {
    for (const message of messages) {
      this.#queue.push({ message, atMs: nowMs });
      if (this.#queue.length > this.#messagesMax) this.#drop();
    }
  }

  /** The oldest messages of together about `bytesMax`, at least one if there is any; they are the outbox's no more. */
  take(bytesMax: number, nowMs: number): readonly BatchedMessage[] {
    const fresh = this.#queue.filter(({ atMs }) => nowMs - atMs <= this.#ageMaxMs);
    this.#dropped += this.#queue.length - fresh.length;
    let bytes = 0;
    let count = 0;
    for (const { message } of fresh) {
      bytes += raftMessageBytes(message);
      if (count > 0 && bytes > bytesMax) break;
      count += 1;
    }
    this.#queue = fresh.slice(count);
    return fresh.slice(0, count).map(({ message }) => message);
  }

  clear(): void {
    this.#dropped += this.#queue.length;
    this.#queue = [];
  }

  #drop(): void {
    this.#dropped += 1;
    for (const types of dropOrder) {
      const index = this.#queue.findIndex(({ message }) => types.includes(message.type));
      if (index < 0) continue;
      this.#queue.splice(index, 1);
      return;
    }
    this.#queue.shift();
  }
}
