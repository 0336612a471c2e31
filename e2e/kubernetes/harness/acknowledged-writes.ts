/** Writes that go on beside a test, and a ledger of those that were acknowledged: none of them may be lost. */
import { Background } from '../../harness/background.js';
import type { QdrantRest } from './qdrant-rest.js';

const batch = 20;
const page = 500;
/** A pause between batches, since the same two processors move shards meanwhile. */
const pauseMs = 50;

export class AcknowledgedWrites {
  readonly #target: QdrantRest;
  readonly #collection: string;
  readonly #firstId: number;
  readonly #background: Background;
  readonly #refused: string[] = [];
  #acknowledged = 0;

  constructor(target: QdrantRest, collection: string, firstId: number) {
    this.#target = target;
    this.#collection = collection;
    this.#firstId = firstId;
    this.#background = new Background(async () => {
      const ids = Array.from({ length: batch }, (_, index) => firstId + this.#acknowledged + index);
      try {
        await target.upsert(collection, ids);
        this.#acknowledged += batch;
      } catch (error) {
        // The same ids are tried again: a write that is refused may be there or not, but not for ever.
        this.#refused.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    });
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** What was answered to writes that failed. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** Ends the writing and gives the ids that were acknowledged and are not found any more. */
  async lost(): Promise<number[]> {
    await this.#background.stop();
    const missing: number[] = [];
    for (let from = 0; from < this.#acknowledged; from += page) {
      const ids = Array.from(
        { length: Math.min(page, this.#acknowledged - from) },
        (_, index) => this.#firstId + from + index,
      );
      const found = new Set(await this.#target.existing(this.#collection, ids));
      missing.push(...ids.filter((id) => !found.has(id)));
    }
    return missing;
  }

  async stop(): Promise<void> {
    await this.#background.stop();
  }
}
