/** Creates and drops field indexes under load, and knows which ones must be there. */
import { expect } from 'vitest';
import { randomBelow, seededRandom, type Random } from '../faults/seeded-random.js';
import type { RestCaller, RestReply } from '../harness/rest.js';

const fields = [
  ['tag', 'keyword'],
  ['number', 'integer'],
  ['bucket', 'integer'],
  ['owner', 'keyword'],
] as const;

export class IndexToggler {
  readonly #path: string;
  readonly #random: Random;
  /** By field: whether it is indexed; null while a change of it had no answer. */
  readonly #indexed = new Map<string, boolean | null>();
  #stopping = false;

  constructor(path: string, seed: number) {
    this.#path = path;
    this.#random = seededRandom(seed + 1);
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Until the node is gone, or until told to stop. */
  async run(call: RestCaller): Promise<void> {
    this.#stopping = false;
    for (;;) {
      if (this.#told()) return;
      const [field, type] = fields[randomBelow(this.#random, fields.length)] ?? fields[0];
      const wanted = this.#indexed.get(field) !== true;
      this.#indexed.set(field, null);
      let reply: RestReply;
      try {
        reply = wanted
          ? await call('PUT', `${this.#path}/index?wait=true`, { field_name: field, field_schema: type })
          : await call('DELETE', `${this.#path}/index/${field}?wait=true`);
        // Not all of the time: most of a collection's life its indexes stay.
        if (reply.status === 200) this.#indexed.set(field, wanted);
        await call('GET', '/readyz');
        await new Promise((resolve) => setTimeout(resolve, 20 + randomBelow(this.#random, 100)));
      } catch {
        return;
      }
      if (reply.status === 503) return;
      expect(reply.status, reply.text).toBe(200);
    }
  }

  #told(): boolean {
    return this.#stopping;
  }

  async check(call: RestCaller): Promise<void> {
    const reply = await call('GET', this.#path);
    expect(reply.json.result).toMatchObject({ optimizer_status: 'ok' });
    const { payload_schema: schema } = reply.json.result as { payload_schema: Readonly<Record<string, object>> };
    for (const [field, indexed] of this.#indexed) {
      if (indexed !== null) expect(field in schema, `index on ${field}`).toBe(indexed);
      this.#indexed.set(field, field in schema);
    }
  }
}
