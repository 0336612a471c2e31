import { expect } from 'vitest';

import { allRecords, openShard } from './shard-fixture.js';

/** What a writer (crash-writer.mjs) said before it died, by id: the value it must have at least, and those it may have. */
export class CrashEvidence {
  readonly #acknowledged = new Map<number, number>();
  readonly #started = new Map<number, Set<number>>();

  /** Reads whole lines and ignores what comes after the last of them. */
  note(text: string): void {
    for (const line of text.split('\n').slice(0, -1)) {
      const [what, id, value] = line.split(' ');
      if (what === 'S') {
        const values = this.#started.get(Number(id)) ?? new Set<number>();
        this.#started.set(Number(id), values.add(Number(value)));
      } else if (what === 'A') {
        this.#acknowledged.set(Number(id), Number(value));
        // One writer per id: what it had started before is overwritten by what is acknowledged now.
        this.#started.set(Number(id), new Set());
      }
    }
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Opens the shard in `folder` and finds every acknowledged write; what is there counts as acknowledged from now on. */
  async check(folder: string, what: string): Promise<void> {
    const { shard, close } = await openShard(folder);
    const records = new Map((await allRecords(shard)).map((record) => [record.id, record]));
    for (const [id, value] of this.#acknowledged) {
      const record = records.get(id);
      const allowed = new Set([value, ...(this.#started.get(id) ?? [])]);
      expect(allowed, `point ${id}, ${what}`).toContain(record?.payload['value']);
      // The vector is of the same write as the payload.
      expect(record?.vector?.[0]).toBe(Number(record?.payload['value']) % 1000);
      this.#acknowledged.set(id, Number(record?.payload['value']));
      this.#started.set(id, new Set());
    }
    await close();
  }
}
