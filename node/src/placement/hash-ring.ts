/**
 * Which shard a point belongs to: a consistent hash ring with 100 virtual nodes per shard, so that
 * adding or removing a shard moves only the points of its arcs.
 */
import { xxh64 } from './xxh64.js';

const virtualNodesPerShard = 100;

interface VirtualNode {
  readonly position: bigint;
  readonly shard: number;
}

/** Kinds of keys, as their first byte: an integer id can never collide with a UUID or a virtual node. */
const keyKinds = { integer: 0, uuid: 1, virtualNode: 2 } as const;

function integerKey(id: bigint): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = keyKinds.integer;
  new DataView(key.buffer).setBigUint64(1, id, true);
  return key;
}

function uuidKey(id: string): Uint8Array {
  return Uint8Array.from([keyKinds.uuid, ...Buffer.from(id.replaceAll('-', ''), 'hex')]);
}

function virtualNodeKey(shard: number, index: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = keyKinds.virtualNode;
  const view = new DataView(key.buffer);
  view.setUint32(1, shard, true);
  view.setUint32(5, index, true);
  return key;
}

export class HashRing {
  readonly #nodes: readonly VirtualNode[];

  constructor(shards: readonly number[]) {
    if (shards.length === 0) throw new RangeError('a ring needs at least one shard');
    const nodes = shards.flatMap((shard) =>
      Array.from({ length: virtualNodesPerShard }, (_, index) => ({
        position: xxh64(virtualNodeKey(shard, index)),
        shard,
      })),
    );
    // Two virtual nodes in one place: the lower shard id has it, whatever order the shards came in.
    this.#nodes = nodes.sort((a, b) => {
      if (a.position === b.position) return a.shard - b.shard;
      return a.position < b.position ? -1 : 1;
    });
  }

  /** The ring as the engine takes it: positions in ascending order, and the shard at each. */
  table(): { readonly positions: BigUint64Array; readonly shards: Uint32Array } {
    return {
      positions: BigUint64Array.from(this.#nodes, ({ position }) => position),
      shards: Uint32Array.from(this.#nodes, ({ shard }) => shard),
    };
  }

  /** The shard of a point: an unsigned 64-bit integer, or a UUID in canonical form. */
  shardOf(id: bigint | string): number {
    const position = xxh64(typeof id === 'bigint' ? integerKey(id) : uuidKey(id));
    let low = 0;
    let high = this.#nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const node = this.#nodes[middle];
      if (node !== undefined && node.position < position) low = middle + 1;
      else high = middle;
    }
    const found = this.#nodes[low === this.#nodes.length ? 0 : low];
    if (found === undefined) throw new RangeError('a ring needs at least one shard');
    return found.shard;
  }
}
